//! Verification of AWS Signature Version 4, written from the specification and sharing nothing with any signer.
//! Source: the IAM user guide, "Create a signed AWS API request".

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::clock;
use super::encoding::{decode, encode, hex};
use super::http::Request;

/// What the Authorization header says, taken apart.
#[derive(Clone, Debug)]
pub struct Claim {
    pub key_id: String,
    pub date: String,
    pub region: String,
    pub service: String,
    pub signed_headers: Vec<String>,
    pub signature: String,
}

/// Why a request is refused before or by its signature: AWS's code and text. All are 403 but `IncompleteSignature` (400).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
}

fn refusal(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into() }
}

/// Reads the Authorization header.
pub fn claim(request: &Request) -> Result<Claim, Refusal> {
    let Some(header) = request.header("authorization") else {
        return Err(refusal("MissingAuthenticationToken", "Request is missing Authentication Token"));
    };
    let incomplete = |what: &str| {
        refusal(
            "IncompleteSignature",
            format!("Authorization header requires '{what}' parameter. Authorization={header}"),
        )
    };
    let Some(rest) = header.strip_prefix("AWS4-HMAC-SHA256 ") else {
        return Err(refusal("IncompleteSignature", "Authorization header has an unsupported algorithm."));
    };
    let field = |name: &str| {
        rest.split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or_else(|| incomplete(name))
    };
    let scope: Vec<&str> = field("Credential")?.split('/').collect();
    let [key_id, date, region, service, "aws4_request"] = scope[..] else {
        return Err(refusal(
            "IncompleteSignature",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
        ));
    };
    Ok(Claim {
        key_id: key_id.to_owned(),
        date: date.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        signed_headers: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
        signature: field("Signature")?.to_owned(),
    })
}

/// Checks scope, clock and signature of a request against the key's secret; `now` and `window` are seconds.
pub fn verify(
    request: &Request,
    claim: &Claim,
    secret: &str,
    service: &str,
    now: i64,
    window: i64,
) -> Result<(), Refusal> {
    let wrong = |message: String| refusal("SignatureDoesNotMatch", message);
    let Some(stamp) = request.header("x-amz-date") else {
        return Err(refusal(
            "IncompleteSignature",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ));
    };
    let Some(time) = clock::parse_amz(stamp) else {
        return Err(refusal("IncompleteSignature", format!("Date must be in ISO-8601 'basic format'. Got '{stamp}'.")));
    };
    if claim.service != service {
        return Err(wrong(format!("Credential should be scoped to correct service: '{service}'. ")));
    }
    if !is_region(&claim.region) {
        return Err(wrong("Credential should be scoped to a valid region. ".into()));
    }
    if !stamp.starts_with(&claim.date) {
        return Err(wrong(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{stamp}'.",
            claim.date,
            &stamp[..8]
        )));
    }
    let minutes = window / 60;
    if time < now - window {
        return Err(wrong(format!(
            "Signature expired: {stamp} is now earlier than {} ({} - {minutes} min.)",
            clock::amz(now - window),
            clock::amz(now)
        )));
    }
    if time > now + window {
        return Err(wrong(format!(
            "Signature not yet current: {stamp} is still later than {} ({} + {minutes} min.)",
            clock::amz(now + window),
            clock::amz(now)
        )));
    }
    let mut must = vec!["host", "x-amz-date"];
    must.extend(["x-amz-security-token", "x-amz-content-sha256"].into_iter().filter(|h| request.header(h).is_some()));
    if let Some(missing) = must.iter().find(|h| !claim.signed_headers.iter().any(|s| s == *h)) {
        return Err(wrong(format!("'{missing}' must be a 'SignedHeader' in the AWS Authorization.")));
    }
    if !claim.signed_headers.is_sorted() {
        return Err(wrong("'SignedHeaders' must be sorted in the AWS Authorization.".into()));
    }
    if let Some(absent) = claim.signed_headers.iter().find(|h| request.header(h).is_none()) {
        return Err(wrong(format!("'{absent}' is a 'SignedHeader' that the request does not have.")));
    }
    let payload = hex(&Sha256::digest(&request.body));
    if request.header("x-amz-content-sha256").is_some_and(|given| given != payload) {
        return Err(wrong("The provided 'x-amz-content-sha256' header does not match what was computed.".into()));
    }
    let scope = format!("{}/{}/{}/aws4_request", claim.date, claim.region, claim.service);
    let canonical = canonical_request(request, &claim.signed_headers, &payload);
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let key = [&claim.date, &claim.region, &claim.service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part.as_bytes()));
    if hex(&hmac(&key, to_sign.as_bytes())) != claim.signature {
        return Err(wrong("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.".into()));
    }
    Ok(())
}

/// Looks like a region of some partition; which ones exist is not the simulator's matter.
fn is_region(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    parts.len() >= 3
        && parts.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
        && parts.last().is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
}

fn canonical_request(request: &Request, signed: &[String], payload: &str) -> String {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|p| {
            let (k, v) = p.split_once('=').unwrap_or((p, ""));
            format!("{}={}", encode(&decode(k), false), encode(&decode(v), false))
        })
        .collect();
    pairs.sort();
    let headers: String = signed
        .iter()
        .map(|name| {
            let values: Vec<String> = request
                .headers
                .iter()
                .filter(|(n, _)| n == name)
                .map(|(_, v)| v.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            format!("{name}:{}\n", values.join(","))
        })
        .collect();
    format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload}",
        request.method,
        encode(&normal(path), true),
        pairs.join("&"),
        signed.join(";")
    )
}

/// Dot segments and double slashes taken away.
fn normal(path: &str) -> Vec<u8> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let slash = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{slash}", parts.join("/")).into_bytes()
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const NOW: i64 = 1_440_938_160;

    fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str, signature: &str) -> Request {
        let mut headers: Vec<(String, String)> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        headers.push(("host".into(), "example.amazonaws.com".into()));
        headers.push(("x-amz-date".into(), "20150830T123600Z".into()));
        let mut names: Vec<String> = headers.iter().map(|(n, _)| n.clone()).collect();
        names.sort();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={signature}",
            names.join(";")
        );
        headers.push(("authorization".into(), authorization));
        Request { method: method.into(), target: target.into(), headers, body: body.as_bytes().to_vec() }
    }

    fn check(request: &Request, secret: &str, now: i64) -> Result<(), Refusal> {
        verify(request, &claim(request)?, secret, "service", now, 300)
    }

    /// AWS's own signing test suite (awslabs/aws-c-auth, signing-test-suite v4).
    fn vectors() -> Vec<Request> {
        let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
        vec![
            request(
                "POST",
                "/",
                &[
                    ("content-length", "13"),
                    ("content-type", "application/x-www-form-urlencoded"),
                    ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
                ],
                "Param1=value1",
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
            request(
                "GET",
                "/?Param2=value2&Param1=value1",
                &[],
                "",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            request(
                "GET",
                "/",
                &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
                "",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            request(
                "POST",
                "/",
                &[("x-amz-security-token", token)],
                "",
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
            request("GET", "/\u{1234}", &[], "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        ]
    }

    #[test]
    fn the_published_vectors_verify() {
        for request in vectors() {
            assert_eq!(check(&request, SECRET, NOW), Ok(()), "{} {}", request.method, request.target);
        }
    }

    #[test]
    fn a_change_of_anything_signed_is_refused() {
        let code = |r: Result<(), Refusal>| r.unwrap_err().code;
        for request in vectors() {
            assert_eq!(code(check(&request, "another secret", NOW)), "SignatureDoesNotMatch");
            let mut changed = request.clone();
            changed.body.push(b'x');
            assert_eq!(code(check(&changed, SECRET, NOW)), "SignatureDoesNotMatch");
            let mut changed = request.clone();
            changed.target.push('x');
            assert_eq!(code(check(&changed, SECRET, NOW)), "SignatureDoesNotMatch");
            let mut changed = request.clone();
            changed.headers[0].1.push('x');
            assert_eq!(code(check(&changed, SECRET, NOW)), "SignatureDoesNotMatch");
        }
    }

    #[test]
    fn a_token_added_outside_the_signature_is_refused() {
        let mut request = vectors().swap_remove(1);
        request.headers.push(("x-amz-security-token".into(), "x".into()));
        let refused = check(&request, SECRET, NOW).unwrap_err();
        assert!(refused.message.contains("'x-amz-security-token' must be a 'SignedHeader'"), "{refused:?}");
    }

    #[test]
    fn the_clock_window_is_five_minutes_either_way() {
        let request = &vectors()[1];
        assert_eq!(check(request, SECRET, NOW + 300), Ok(()));
        assert_eq!(check(request, SECRET, NOW - 300), Ok(()));
        assert_eq!(
            check(request, SECRET, NOW + 301).unwrap_err().message,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
        );
        assert_eq!(
            check(request, SECRET, NOW - 301).unwrap_err().message,
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"
        );
    }
}
