//! Where requests may go: a token code is worth a session to whoever receives it, so the address is checked before
//! anything is sent.
//!
//! Without any setting the SDK's own rules make the address. A configured one must be https on a host of AWS's that
//! serves that service, or loopback, or allowed by the configuration. Other hosts under AWS's domains will not do:
//! buckets, load balancers and instances have names there too, and anybody can have one.

use crate::port::AwsError;
use crate::profile::Endpoint;

/// Domains of AWS's partitions (the partitions file of the AWS SDKs).
const SUFFIXES: [&str; 10] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

/// The console's sign-in, which is a website and has other domains than the API: alone, or behind a region (IAM User
/// Guide, "Enable custom identity broker access to the AWS console").
pub(super) const SIGNIN: &str = "signin";
const SIGNIN_HOSTS: [&str; 3] = ["signin.aws.amazon.com", "signin.amazonaws.cn", "signin.amazonaws-us-gov.com"];

/// A configured address, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    pub(super) https: bool,
    pub(super) host: &'a str,
    /// Host and port, as a person reads it.
    pub(super) authority: &'a str,
}

impl<'a> Address<'a> {
    /// None for anything but `http(s)://host[:port][/path]`: no user part, no control characters, no backslash.
    pub(super) fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        if rest.chars().any(|c| !c.is_ascii_graphic() || c == '\\' || c == '@' || c == '#' || c == '?') {
            return None;
        }
        let authority = rest.split('/').next().unwrap_or(rest);
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => v6.split_once(']').map(|(host, port)| (host, port.strip_prefix(':').or(Some(port))))?,
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let port_is_fine = port.is_none_or(|port| port.is_empty() || port.parse::<u16>().is_ok());
        if host.is_empty() || !port_is_fine {
            return None;
        }
        Some(Address { https, host, authority })
    }

    /// Whether nothing leaves this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether AWS itself answers there for the service: `sts.amazonaws.com`, `sts-fips.us-west-2.amazonaws.com`,
    /// `vpce-….sts.eu-west-1.vpce.amazonaws.com`.
    fn is_aws(&self, service: &str) -> bool {
        let host = self.host.trim_end_matches('.').to_ascii_lowercase();
        if service == SIGNIN {
            return SIGNIN_HOSTS.iter().any(|known| match host.strip_suffix(known) {
                Some("") => true,
                Some(front) => front.strip_suffix('.').is_some_and(is_region),
                None => false,
            });
        }
        let Some(front) = SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.')) else {
            return false;
        };
        let serves = |label: &str| label == service || label.strip_suffix("-fips") == Some(service);
        match front.split('.').collect::<Vec<_>>()[..] {
            [first] => serves(first),
            // The gov partition's IAM is `iam.us-gov`.
            [first, region] => serves(first) && (is_region(region) || region == "us-gov"),
            [vpce, first, region, "vpce"] => vpce.starts_with("vpce-") && serves(first) && is_region(region),
            _ => false,
        }
    }
}

/// `eu-west-1`, `us-gov-west-1`: labels of letters, a number at the end.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [letters @ .., number] = &parts[..] else { return false };
    letters.len() >= 2
        && letters.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// The address, if it may be spoken to.
///
/// # Errors
/// [`AwsError::Endpoint`], with what to do about it; nothing was sent.
pub(super) fn check<'a>(endpoint: &'a Endpoint, service: &str) -> Result<Address<'a>, AwsError> {
    let refused = |why: &str| AwsError::Endpoint(format!("{} = {} {why}", endpoint.origin, printable(&endpoint.url)));
    let Some(address) = Address::parse(&endpoint.url) else {
        return Err(refused("is not an address: expected https://host or http://127.0.0.1:port"));
    };
    if endpoint.allowed || address.is_loopback() || (address.https && address.is_aws(service)) {
        return Ok(address);
    }
    Err(refused(&format!(
        "is neither https on AWS's own {} nor this machine; role_helper_allow_endpoint in the config would allow it",
        service.to_uppercase()
    )))
}

fn printable(url: &str) -> String {
    // A user part may hold a password.
    let shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    };
    shown.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(url: &str, allowed: bool) -> Result<(), String> {
        let endpoint = Endpoint { url: url.into(), origin: "AWS_ENDPOINT_URL_STS".into(), allowed };
        check(&endpoint, "sts").map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn awss_own_hosts_and_this_machine() {
        for url in [
            "https://sts.amazonaws.com",
            "https://sts.eu-west-1.amazonaws.com/",
            "https://sts-fips.us-west-2.amazonaws.com:443",
            "https://STS.cn-north-1.amazonaws.com.cn",
            "https://sts.us-east-1.api.aws",
            "https://vpce-0a1b-2c3d.sts.eu-west-1.vpce.amazonaws.com",
            "http://127.0.0.1:5000",
            "http://localhost:4566/path",
            "http://[::1]:80",
        ] {
            assert_eq!(verdict(url, false), Ok(()), "{url}");
        }
    }

    #[test]
    fn everything_else_is_refused_unless_allowed() {
        for url in [
            "https://sts.example.com",
            "http://sts.amazonaws.com",
            "https://sts.s3.amazonaws.com",
            "https://evil.amazonaws.com",
            "https://sts.evil-1.elb.amazonaws.com",
            "https://ec2-1-2-3-4.compute-1.amazonaws.com",
            "https://vpce-1.vpce-svc-2.eu-west-1.vpce.amazonaws.com",
            "https://sts.eu-west-1.amazonaws.com.evil.org",
            "https://iam.amazonaws.com",
            "https://amazonaws.com",
            "http://10.0.0.1",
            "http://127.0.0.1.evil.org",
        ] {
            assert!(verdict(url, false).unwrap_err().contains("role_helper_allow_endpoint"), "{url}");
            assert_eq!(verdict(url, true), Ok(()), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_even_if_allowed_and_shows_no_password() {
        for url in [
            "sts.amazonaws.com",
            "ftp://x",
            "https://",
            "https://u:hunter2@sts.amazonaws.com",
            "https://a\\b",
            "http://a:b",
        ] {
            let error = verdict(url, true).unwrap_err();
            assert!(error.contains("is not an address"), "{url}: {error}");
            assert!(!error.contains("hunter2"));
        }
    }

    #[test]
    fn the_consoles_sign_in_has_hosts_of_its_own() {
        let verdict = |url: &str| {
            let endpoint = Endpoint { url: url.into(), origin: "AWS_ENDPOINT_URL_SIGNIN".into(), allowed: false };
            check(&endpoint, SIGNIN).is_ok()
        };
        for good in [
            "https://signin.aws.amazon.com",
            "https://eu-west-1.signin.aws.amazon.com/",
            "https://signin.amazonaws.cn",
            "https://us-gov-west-1.signin.amazonaws-us-gov.com",
            "http://127.0.0.1:5000",
        ] {
            assert!(verdict(good), "{good}");
        }
        for bad in [
            "http://signin.aws.amazon.com",
            "https://evil.signin.aws.amazon.com",
            "https://evilsignin.aws.amazon.com",
            "https://signin.amazonaws.com",
            "https://signin.aws.amazon.com.evil.org",
        ] {
            assert!(!verdict(bad), "{bad}");
        }
    }

    #[test]
    fn regions() {
        for good in ["us-east-1", "us-gov-west-1", "ap-southeast-12", "eusc-de-east-1"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["", "s3", "us-east", "evil.com/", "us-east-1.evil.com", "US-EAST-1", "-1", "a--1"] {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
