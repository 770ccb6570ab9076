//! Signing in to the AWS console with a role session: the request for a sign-in token, the address that spends it,
//! and where in the console it leads.
//!
//! IAM User Guide, "Enable custom identity broker access to the AWS console".

use super::SecretText;
use crate::identity::{ExposeSecret, SecretString, SessionCredentials};

/// How long a sign-in address is good for, in seconds. It can be spent once.
pub const ADDRESS_LIFE: u32 = 15 * 60;

/// The hosts of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hosts {
    /// Where sign-in tokens are had and spent.
    pub signin: &'static str,
    console: &'static str,
    // Only the commercial partition's console has a host for each region.
    regional: bool,
}

impl Hosts {
    /// Those of `aws`, `aws-cn` and `aws-us-gov`; none for partitions whose sign-in is not known.
    pub fn of_partition(partition: &str) -> Option<Hosts> {
        Some(match partition {
            "aws" => Hosts { signin: "signin.aws.amazon.com", console: "console.aws.amazon.com", regional: true },
            "aws-cn" => Hosts { signin: "signin.amazonaws.cn", console: "console.amazonaws.cn", regional: false },
            "aws-us-gov" => Hosts {
                signin: "signin.amazonaws-us-gov.com",
                console: "console.amazonaws-us-gov.com",
                regional: false,
            },
            _ => return None,
        })
    }

    /// A service's first page in a region; the console's own where no service is named.
    pub fn destination(&self, service: Option<&Service>, region: Option<&str>) -> String {
        let (path, fragment) = service.map_or(("console/home", ""), |service| (service.path, service.fragment));
        let region = region.filter(|_| service.is_none_or(|service| !service.global));
        match region {
            Some(region) if self.regional => {
                format!("https://{region}.{}/{path}?region={region}{fragment}", self.console)
            }
            Some(region) => format!("https://{}/{path}?region={region}{fragment}", self.console),
            None => format!("https://{}/{path}{fragment}", self.console),
        }
    }
}

/// A service that can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// What people type.
    pub name: &'static str,
    path: &'static str,
    fragment: &'static str,
    global: bool,
}

impl Service {
    /// The service of this name, in any case.
    pub fn named(name: &str) -> Option<&'static Service> {
        SERVICES.iter().find(|service| service.name.eq_ignore_ascii_case(name))
    }
}

const fn regional(name: &'static str, path: &'static str) -> Service {
    Service { name, path, fragment: "", global: false }
}

const fn page(name: &'static str, path: &'static str, fragment: &'static str) -> Service {
    Service { name, path, fragment, global: false }
}

const fn global(name: &'static str, path: &'static str) -> Service {
    Service { name, path, fragment: "", global: true }
}

/// All that can be named, in the order of the alphabet.
pub const SERVICES: &[Service] = &[
    regional("acm", "acm/home"),
    regional("apigateway", "apigateway/main/apis"),
    regional("athena", "athena/home"),
    regional("backup", "backup/home"),
    regional("batch", "batch/home"),
    regional("bedrock", "bedrock/home"),
    global("billing", "costmanagement/home"),
    regional("cloudformation", "cloudformation/home"),
    global("cloudfront", "cloudfront/v4/home"),
    regional("cloudshell", "cloudshell/home"),
    regional("cloudtrail", "cloudtrailv2/home"),
    regional("cloudwatch", "cloudwatch/home"),
    regional("codebuild", "codesuite/codebuild/projects"),
    regional("codecommit", "codesuite/codecommit/repositories"),
    regional("codepipeline", "codesuite/codepipeline/pipelines"),
    regional("config", "config/home"),
    regional("dynamodb", "dynamodbv2/home"),
    regional("ec2", "ec2/home"),
    regional("ecr", "ecr/private-registry/repositories"),
    regional("ecs", "ecs/v2/clusters"),
    regional("eks", "eks/home"),
    regional("elasticache", "elasticache/home"),
    regional("eventbridge", "events/home"),
    regional("glue", "glue/home"),
    regional("guardduty", "guardduty/home"),
    global("iam", "iam/home"),
    regional("kinesis", "kinesis/home"),
    regional("kms", "kms/home"),
    regional("lambda", "lambda/home"),
    page("logs", "cloudwatch/home", "#logsV2:log-groups"),
    regional("opensearch", "aos/home"),
    global("organizations", "organizations/v2/home"),
    regional("rds", "rds/home"),
    regional("redshift", "redshiftv2/home"),
    global("route53", "route53/v2/hostedzones"),
    regional("s3", "s3/home"),
    regional("sagemaker", "sagemaker/home"),
    regional("secretsmanager", "secretsmanager/landing"),
    regional("securityhub", "securityhub/home"),
    regional("servicequotas", "servicequotas/home"),
    regional("sns", "sns/v3/home"),
    regional("sqs", "sqs/v3/home"),
    regional("ssm", "systems-manager/home"),
    regional("sso", "singlesignon/home"),
    regional("stepfunctions", "states/home"),
    regional("vpc", "vpcconsole/home"),
    regional("waf", "wafv2/homev2"),
];

/// What getSigninToken is asked, as a query. `seconds` is the console session's life, where it may be said.
pub fn token_query(session: &SessionCredentials, seconds: Option<u32>) -> SecretText {
    let parts = [
        ("{\"sessionId\":\"", session.access_key_id.as_str()),
        ("\",\"sessionKey\":\"", session.secret_access_key.expose_secret()),
        ("\",\"sessionToken\":\"", session.session_token.expose_secret()),
        ("\"}", ""),
    ];
    let head = match seconds {
        Some(seconds) => format!("Action=getSigninToken&SessionDuration={seconds}&Session="),
        None => "Action=getSigninToken&Session=".to_owned(),
    };
    let room: usize = parts.iter().map(|(json, value)| encoded_len(json) + 6 * encoded_len(value)).sum();
    let mut query = SecretText::with_room(head.len() + room);
    query.push(&head);
    for (json, value) in parts {
        push_encoded(&mut query, json);
        for c in value.chars() {
            // Keys and tokens are of the letters of base64; what is not must still be JSON.
            if c.is_control() || c == '"' || c == '\\' {
                push_encoded(&mut query, &format!("\\u{:04x}", u32::from(c)));
            } else {
                push_encoded(&mut query, c.encode_utf8(&mut [0; 4]));
            }
        }
    }
    query
}

/// The address that signs in, once. `signin` is the scheme and host (`https://signin.aws.amazon.com`).
pub fn login_address(signin: &str, destination: &str, token: &SecretString) -> SecretText {
    let parts = [destination, token.expose_secret()];
    let fixed = "/federation?Action=login&Issuer=role-helper&Destination=&SigninToken=".len();
    let signin = signin.trim_end_matches('/');
    let mut address =
        SecretText::with_room(signin.len() + fixed + parts.iter().map(|part| encoded_len(part)).sum::<usize>());
    address.push(signin);
    address.push("/federation?Action=login&Issuer=role-helper&Destination=");
    push_encoded(&mut address, destination);
    address.push("&SigninToken=");
    push_encoded(&mut address, token.expose_secret());
    address
}

/// A page that leads to the address at once, for browsers that can only be handed a file.
pub fn redirect_page(address: &SecretText) -> SecretText {
    const HEAD: &str = "<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer>\
                        <title>AWS console</title><meta http-equiv=refresh content=\"0;url=";
    let mut page = SecretText::with_room(HEAD.len() + 6 * address.expose().len() + 8);
    page.push(HEAD);
    for c in address.expose().chars() {
        match c {
            '&' => page.push("&amp;"),
            '"' => page.push("&quot;"),
            '<' => page.push("&lt;"),
            c => page.push_char(c),
        }
    }
    page.push("\">\n");
    page
}

fn encoded_len(text: &str) -> usize {
    text.len() * 3
}

fn push_encoded(to: &mut SecretText, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push_char(char::from(byte));
        } else {
            to.push_char('%');
            to.push_char(char::from(DIGITS[usize::from(byte >> 4)]));
            to.push_char(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SessionCredentials {
        SessionCredentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".parse().unwrap(),
            secret_access_key: "a/b+c".to_owned().into(),
            session_token: "tok==".to_owned().into(),
            expiration: "2030-01-01T00:00:00Z".parse().unwrap(),
            account_id: "222233334444".into(),
        }
    }

    #[test]
    fn the_query_carries_the_session_as_json() {
        let query = token_query(&session(), Some(3600));
        assert_eq!(
            query.expose(),
            "Action=getSigninToken&SessionDuration=3600&Session=%7B%22sessionId%22%3A%22ASIAIOSFODNN7EXAMPLE%22%2C\
             %22sessionKey%22%3A%22a%2Fb%2Bc%22%2C%22sessionToken%22%3A%22tok%3D%3D%22%7D"
        );
        assert!(!token_query(&session(), None).expose().contains("SessionDuration"));
        assert!(!format!("{query:?}").contains("sessionKey"));
    }

    #[test]
    fn addresses_lead_to_the_service_in_its_region() {
        let to = |partition: &str, service: &str, region| {
            Hosts::of_partition(partition).unwrap().destination(Service::named(service), region)
        };
        for (partition, service, region, address) in [
            (
                "aws",
                "CloudShell",
                Some("eu-west-1"),
                "https://eu-west-1.console.aws.amazon.com/cloudshell/home?region=eu-west-1",
            ),
            ("aws", "iam", Some("eu-west-1"), "https://console.aws.amazon.com/iam/home"),
            ("aws", "", None, "https://console.aws.amazon.com/console/home"),
            ("aws-cn", "ec2", Some("cn-north-1"), "https://console.amazonaws.cn/ec2/home?region=cn-north-1"),
            (
                "aws-us-gov",
                "logs",
                Some("us-gov-west-1"),
                "https://console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#logsV2:log-groups",
            ),
        ] {
            assert_eq!(to(partition, service, region), address);
        }
        assert_eq!(Hosts::of_partition("aws-iso"), None);
        let address = login_address("https://signin.aws.amazon.com/", "https://a/?b=c#d", &"t&k".to_owned().into());
        assert_eq!(
            address.expose(),
            "https://signin.aws.amazon.com/federation?Action=login&Issuer=role-helper&Destination=https%3A%2F%2Fa%2F%3F\
             b%3Dc%23d&SigninToken=t%26k"
        );
        assert!(redirect_page(&address).expose().contains("login&amp;Issuer=role-helper&amp;Destination="));
    }

    #[test]
    fn services_are_sorted_and_named_once() {
        assert!(SERVICES.windows(2).all(|two| two[0].name < two[1].name));
    }
}
