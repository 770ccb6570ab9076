//! `console`: the AWS console in a browser, signed in as the role.

use clap::Args;
use serde::Serialize;

use super::house::House;
use super::options::CodeOption;
use super::output::{self, left};
use super::pick;
use crate::door::aws::{AwsDoor, AwsSettings};
use crate::door::desktop::{Browser, Clipboard};
use crate::door::process::CallerState;
use crate::identity::{Failure, Lifetime};
use crate::profile::Overrides;
use crate::seal::Consumer;
use crate::session::{Request, SignIn};
use crate::wire::console::ADDRESS_LIFE;

const EXAMPLES: &str = "\
The address signs in whoever opens it, once, within 15 minutes: keep it out of chats and tickets. The browser is \
given it so that no other user of this machine can read it. The console session lasts as long as the role session, \
or --duration where the role is assumed with the long-term key itself.

Services: acm, apigateway, athena, billing, cloudformation, cloudfront, cloudshell, cloudtrail, cloudwatch, \
dynamodb, ec2, ecr, ecs, eks, iam, kms, lambda, logs, rds, route53, s3, secretsmanager, sns, sqs, ssm, \
stepfunctions, vpc and more.

Examples:
  role-helper console prod
  role-helper console prod cloudshell
  role-helper console prod ec2 --region eu-west-1
  role-helper console prod --print         for a browser elsewhere
  role-helper console prod s3 --copy";

/// Open the AWS console, signed in as the role
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile, instead of AWS_PROFILE; without either it is chosen from a list
    profile: Option<String>,
    /// The service whose page is opened, such as cloudshell
    service: Option<String>,
    /// The region of the console, instead of the profile's
    #[arg(long)]
    region: Option<String>,
    /// How long the console session lives: 15m to 12h
    #[arg(long, value_name = "DURATION")]
    duration: Option<Lifetime>,
    /// Print the address instead of opening it. It is a secret
    #[arg(long, conflicts_with_all = ["copy", "json"])]
    print: bool,
    /// Copy the address to the clipboard instead of opening it
    #[arg(long, conflicts_with = "json")]
    copy: bool,
    /// Print the address and what it leads to as JSON. It is a secret
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    code: CodeOption,
}

/// Where the address goes.
enum To {
    Stdout,
    Json,
    Clipboard(Clipboard),
    Browser(Browser),
}

#[derive(Serialize)]
struct Json<'a> {
    url: &'a str,
    url_seconds: u32,
    destination: &'a str,
    profile: &'a str,
    role_arn: Option<String>,
    session_name: Option<&'a str>,
    account_id: &'a str,
    session_expiration: String,
}

pub(super) fn run(arguments: Arguments, house: &House, caller: &CallerState) -> Result<(), Failure> {
    let profile = pick::given_or_chosen(house, arguments.profile)?;
    let token_code = arguments.code.read()?;
    let overrides = Overrides { region: arguments.region, ..Overrides::default() };
    let plan = house.plan(&profile, &overrides)?;
    house.warn(&plan);
    let sign_in = SignIn::new(&plan, arguments.service.as_deref(), arguments.duration)?;
    // Found before anybody is asked for a code: one that leads nowhere would be wasted.
    let to = match (arguments.print, arguments.json, arguments.copy) {
        (true, ..) => To::Stdout,
        (_, true, _) => To::Json,
        (.., true) => To::Clipboard(Clipboard::find()?),
        _ => To::Browser(Browser::find()?),
    };
    let request =
        Request { consumer: Consumer::KeepsKeys, token_code, typed_by_person: true, no_cache: false, renew: None };
    let session = house.session(&plan, &request)?;
    let address = sign_in.address(&plan, &session.credentials, &AwsDoor::new(AwsSettings::of(&plan)))?;
    let header = &session.header;
    let role = plan.hops.last();
    let signed_in = || {
        let who =
            role.map(|hop| format!("{} in {} as {}", hop.role_arn.role_name(), header.account_id, hop.session_name));
        let life = arguments.duration.map_or_else(|| left(header.seconds_left(house.now())), |life| life.to_string());
        format!("{profile}: the console as role {}, {life} left", who.unwrap_or_default())
    };
    match to {
        To::Stdout => output::secret_line(&address),
        To::Json => output::secret_json(&Json {
            url: address.expose(),
            url_seconds: ADDRESS_LIFE,
            destination: sign_in.destination(),
            profile: &profile,
            role_arn: role.map(|hop| hop.role_arn.to_string()),
            session_name: role.map(|hop| hop.session_name.as_str()),
            account_id: &header.account_id,
            session_expiration: header.expiration.to_string(),
        }),
        To::Clipboard(clipboard) => {
            let done = clipboard.put(&address, caller)?;
            output::say(&format!("{}; the address is {done}, good once within 15 minutes", signed_in()));
            Ok(())
        }
        To::Browser(browser) => {
            browser.open(address, &house.places, caller)?;
            output::say(&signed_in());
            Ok(())
        }
    }
}
