//! Which STS endpoint somebody configured, and whether codes may be sent there.
//!
//! A hostile environment must not harvest codes: what is neither AWS's STS over https nor this machine itself needs
//! `role_helper_allow_endpoint` in the configuration.

use super::plan::{Endpoint, PlanEnvironment};
use super::resolve::Files;
use super::settings::{ALLOW_ENDPOINT, Settings};

/// DNS suffixes of AWS's partitions (`partitions.json` of the AWS SDKs: `dnsSuffix` and `dualStackDnsSuffix`).
const SUFFIXES: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "api.cloud-aws.adc-e.uk",
    "api.aws.hci.ic.gov",
];

/// The endpoint in effect, in AWS's order: environment, `services` section, profile (AWS SDKs and Tools Reference
/// Guide, "Service-specific endpoints").
pub(super) fn configured(
    files: &Files<'_>,
    profile: Option<&Settings<'_>>,
    environment: &PlanEnvironment,
) -> Option<Endpoint> {
    let ignored = profile
        .and_then(|settings| settings.key("ignore_configured_endpoint_urls"))
        .is_some_and(|found| found.value.eq_ignore_ascii_case("true"));
    if ignored || environment.ignore_configured_endpoints {
        return None;
    }
    let (url, origin) = match &environment.endpoint {
        Some((url, variable)) => (url.clone(), (*variable).to_owned()),
        None => in_files(files, profile?)?,
    };
    let allowed = is_aws_sts(&url) || is_loopback(&url) || allowed_by_config(files, profile, &url);
    Some(Endpoint { url, origin, allowed })
}

fn in_files(files: &Files<'_>, profile: &Settings<'_>) -> Option<(String, String)> {
    let of_service = profile.key("services").and_then(|services| {
        let block = files.config.services(&services.value)?;
        let sts = block.get("sts")?;
        let (offset, url) = sts.text.lines().enumerate().find_map(|(offset, line)| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == "endpoint_url").then(|| (offset, value.trim().to_owned()))
        })?;
        let line = sts.line.saturating_add(u32::try_from(offset).unwrap_or(0));
        Some((url, format!("{} endpoint_url of sts", block.at(line))))
    });
    of_service.or_else(|| profile.key("endpoint_url").map(|found| (found.value.clone(), found.from())))
}

fn allowed_by_config(files: &Files<'_>, profile: Option<&Settings<'_>>, url: &str) -> bool {
    let same = |settings: &Settings<'_>| {
        settings.get(ALLOW_ENDPOINT).is_some_and(|found| found.value.trim_end_matches('/') == url.trim_end_matches('/'))
    };
    profile.is_some_and(same) || Settings::of(files, "default").ok().flatten().as_ref().is_some_and(same)
}

/// Scheme, host in lower case, and whether anything is odd about the rest.
fn split(url: &str) -> Option<(&str, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(v6) => {
            let (host, port) = v6.split_once(']')?;
            is_port(port.strip_prefix(':').unwrap_or(port)).then_some(host)?
        }
        None => match authority.split_once(':') {
            Some((host, port)) => is_port(port).then_some(host)?,
            None => authority,
        },
    };
    // No user information, no escapes: nothing that two readers of one URL could take for different hosts.
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
    (plain && !host.is_empty()).then(|| (scheme, host.to_ascii_lowercase()))
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.parse::<u16>().is_ok()
}

fn is_loopback(url: &str) -> bool {
    let Some((scheme, host)) = split(url) else { return false };
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    local && matches!(scheme, "http" | "https")
}

/// `sts.REGION.SUFFIX` and its kin. A suffix alone is not enough: anybody can put an API or a bucket under AWS's.
fn is_aws_sts(url: &str) -> bool {
    let Some(("https", host)) = split(url) else { return false };
    SUFFIXES.iter().any(|suffix| {
        let Some(labels) = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.')) else { return false };
        match labels.split('.').collect::<Vec<_>>()[..] {
            ["sts" | "sts-fips"] => true,
            ["sts" | "sts-fips", region] | [_, "sts" | "sts-fips", region, "vpce"] => is_region(region),
            _ => false,
        }
    })
}

/// Such as `us-gov-west-1`: words and a number, which no name of a service has.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    words.len() >= 2
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sts_and_loopback_are_trusted() {
        for good in [
            "https://sts.amazonaws.com",
            "https://sts.eu-west-1.amazonaws.com/",
            "https://STS.us-gov-west-1.amazonaws.com:443",
            "https://sts-fips.us-east-1.amazonaws.com",
            "https://sts.us-east-1.api.aws",
            "https://sts.cn-north-1.amazonaws.com.cn",
            "https://vpce-0a1b-2c.sts.eu-west-1.vpce.amazonaws.com",
        ] {
            assert!(is_aws_sts(good), "{good}");
        }
        for bad in [
            "http://sts.amazonaws.com",
            "https://sts.amazonaws.com.evil.example",
            "https://sts.amazonaws.com@evil.example",
            "https://evil.example/sts.amazonaws.com",
            "https://evil.example#.sts.amazonaws.com",
            "https://evil.example\\.sts.amazonaws.com",
            "https://abc123.execute-api.eu-west-1.amazonaws.com",
            "https://sts.s3.amazonaws.com",
            "https://evilsts.amazonaws.com",
            "https://xamazonaws.com",
            "https://amazonaws.com",
            "sts.amazonaws.com",
        ] {
            assert!(!is_aws_sts(bad), "{bad}");
        }
        for good in ["http://localhost:4566", "http://127.0.0.1:1/x", "https://[::1]:8443", "http://127.9.9.9"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in
            ["http://localhost.evil.example", "http://127.0.0.1.nip.io", "http://localhost@evil", "ftp://localhost"]
        {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
