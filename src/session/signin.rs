//! Signing in to the AWS console with the session of a plan: what can, for how long, and where to.

use crate::identity::{Failure, Kind, Lifetime, SessionCredentials};
use crate::port::{AwsError, Federation};
use crate::profile::{MfaAt, Plan, nearest};
use crate::wire::SecretText;
use crate::wire::console::{self, Hosts, SERVICES, Service};

/// What of the console is wanted, checked before anybody is asked for a code.
#[derive(Debug)]
pub struct SignIn {
    hosts: Hosts,
    destination: String,
    seconds: Option<u32>,
}

impl SignIn {
    /// Checks that the plan's session can sign in, for the time that is wanted, to the service that is named.
    ///
    /// # Errors
    /// Where it cannot, with the reason.
    pub fn new(plan: &Plan, service: Option<&str>, duration: Option<Lifetime>) -> Result<Self, Failure> {
        let service = service.map(named).transpose()?;
        let Some(role) = plan.hops.last() else {
            return Err(Failure::new(
                Kind::Configuration,
                format!("profile `{}` cannot sign in to the console", plan.profile),
            )
            .cause("it is an IAM user's own: AWS signs in role sessions only, not those of GetSessionToken")
            .hint("name a profile with a role: role-helper list shows them"));
        };
        let partition = role.role_arn.partition();
        let hosts = Hosts::of_partition(partition).ok_or_else(|| {
            Failure::new(Kind::Configuration, format!("the console of partition {partition} is not known"))
                .cause("sign-in is known of aws, aws-cn and aws-us-gov")
        })?;
        let seconds = duration.map(|duration| console_life(plan, duration)).transpose()?;
        let destination = hosts.destination(service, plan.region.as_deref());
        Ok(SignIn { hosts, destination, seconds })
    }

    /// The page that it leads to.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// The address that signs in, once, within a quarter of an hour.
    ///
    /// # Errors
    /// Where the federation endpoint gives no token.
    pub fn address(
        &self,
        plan: &Plan,
        session: &SessionCredentials,
        federation: &dyn Federation,
    ) -> Result<SecretText, Failure> {
        let token = federation
            .signin_token(session, self.hosts.signin, self.seconds)
            .map_err(|error| self.no_token(plan, &error))?;
        Ok(console::login_address(&token.endpoint, &self.destination, &token.token))
    }

    fn no_token(&self, plan: &Plan, error: &AwsError) -> Failure {
        let what = format!("the session of profile `{}` got no sign-in token", plan.profile);
        match error {
            AwsError::Answered { .. } => {
                let failure = Failure::new(Kind::Refused, what).cause(error.to_string());
                match self.seconds {
                    Some(_) => failure.hint("leave --duration out: it may not be longer than the role allows"),
                    None => failure.hint(format!("role-helper login {} --force", plan.profile)),
                }
            }
            AwsError::Endpoint(_) => Failure::new(Kind::Configuration, what).cause(error.to_string()),
            _ => Failure::new(Kind::Unreachable, what).cause(error.to_string()).hint("try again"),
        }
    }
}

/// The console session's life in seconds, where it may be said at all: the role must have been assumed with the
/// long-term key itself (IAM User Guide, "Enable custom identity broker access to the AWS console").
fn console_life(plan: &Plan, duration: Lifetime) -> Result<u32, Failure> {
    let refused = |cause: &str| {
        Failure::new(Kind::Usage, "--duration cannot be said of this console session")
            .cause(cause)
            .hint("leave it out: the console session then lasts as long as the role session")
    };
    if plan.hops.len() > 1 {
        return Err(refused(
            "AWS takes it only for roles assumed with the long-term key, and this one is behind another role",
        ));
    }
    if plan.mfa.as_ref().is_some_and(|mfa| matches!(mfa.at, MfaAt::Session(_))) {
        return Err(refused(
            "AWS takes it only for roles assumed with the long-term key, and mfa_session stands between",
        ));
    }
    match duration.seconds() {
        seconds @ 900..=43_200 => Ok(seconds),
        _ => Err(Failure::new(Kind::Usage, format!("a console session cannot last {duration}"))
            .cause("AWS takes 15m to 12h")),
    }
}

fn named(name: &str) -> Result<&'static Service, Failure> {
    Service::named(name).ok_or_else(|| {
        let names = SERVICES.iter().map(|service| service.name);
        let failure = Failure::new(Kind::Usage, format!("no console page is known by the name `{name}`"));
        match nearest(name, names.clone()) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint(format!("one of {}", names.collect::<Vec<_>>().join(", "))),
        }
    })
}
