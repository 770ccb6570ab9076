//! Tables: files in, plan or error out. And the public suite of AWS's SDKs for the reader.

use std::collections::BTreeMap;

use super::text::is_identifier;
use super::*;
use crate::identity::{AccessKeyId, Failure, Lifetime, SourceFacts};

const ALICE: &str = "arn:aws:iam::111122223333:user/division/team/alice";
const DEVICE: &str = "arn:aws:iam::111122223333:mfa/alice";
const PLAIN: &str = "[plain]\naws_access_key_id = AKIAPLAINPLAINPLAIN1\naws_secret_access_key = not/a+secret\n";
const ADMIN: &str = "arn:aws:iam::222233334444:role/Admin";

/// The index of added keys, as a list.
#[derive(Default)]
struct Index {
    added: Vec<SourceFacts>,
    plaintext: Vec<SourceFacts>,
}

impl SourceLookup for Index {
    fn added(&self, name: &str) -> Result<Option<SourceFacts>, Failure> {
        Ok(self.added.iter().find(|facts| facts.name == name).cloned())
    }
    fn plaintext(&self, id: &AccessKeyId) -> Result<Option<SourceFacts>, Failure> {
        Ok(self.plaintext.iter().find(|facts| facts.access_key_id == *id).cloned())
    }
    fn names(&self) -> Vec<String> {
        self.added.iter().map(|facts| facts.name.clone()).collect()
    }
}

fn facts(name: &str, user: &str, id: &str, device: Option<&str>) -> SourceFacts {
    SourceFacts {
        name: name.to_owned(),
        user_arn: user.parse().unwrap(),
        access_key_id: id.parse().unwrap(),
        mfa_serial: device.map(|serial| serial.parse().unwrap()),
        added: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

fn alice() -> Index {
    Index { added: vec![facts("alice", ALICE, "AKIAALICEALICEALICE1", Some(DEVICE))], plaintext: Vec::new() }
}

struct Case<'a> {
    config: &'a str,
    credentials: &'a str,
    index: Index,
    environment: PlanEnvironment,
    overrides: Overrides,
}

impl<'a> Case<'a> {
    fn of(config: &'a str) -> Case<'a> {
        Case {
            config,
            credentials: "",
            index: alice(),
            environment: PlanEnvironment::default(),
            overrides: Overrides::default(),
        }
    }

    fn resolve(&self, profile: &str) -> Result<Plan, PlanError> {
        let files = Files {
            config: Config::parse(self.config, FileKind::Config, "~/.aws/config"),
            credentials: Config::parse(self.credentials, FileKind::Credentials, "~/.aws/credentials"),
        };
        resolve(&files, &self.index, &self.environment, profile, &self.overrides)
    }

    fn plan(&self, profile: &str) -> Plan {
        self.resolve(profile).unwrap_or_else(|error| panic!("{}", Failure::from(error)))
    }

    fn failure(&self, profile: &str) -> String {
        Failure::from(self.resolve(profile).expect_err("a plan where an error was due")).to_string()
    }
}

fn from<'p>(plan: &'p Plan, setting: &str) -> &'p str {
    &plan.origins.iter().find(|origin| origin.setting == setting).unwrap().from
}

#[test]
fn the_profile_that_setup_writes() {
    let case = Case::of(
        "[profile prod]\nregion = ap-northeast-1\n\
         credential_process = /usr/local/bin/role-helper credential-process prod\n\
         role_helper_role_arn = arn:aws:iam::222233334444:role/Admin\nrole_helper_source_profile = alice\n",
    );
    let plan = case.plan("prod");
    assert!(matches!(&plan.base, Base::Added { name, .. } if name == "alice"));
    assert_eq!(plan.mfa, Some(Mfa { serial: DEVICE.parse().unwrap(), at: MfaAt::FirstHop }));
    let [hop] = &plan.hops[..] else { panic!("{:?}", plan.hops) };
    assert_eq!((hop.role_arn.as_str(), hop.session_name.as_str(), hop.duration), (ADMIN, "alice", Lifetime::HOUR));
    assert_eq!(plan.region.as_deref(), Some("ap-northeast-1"));
    assert_eq!(from(&plan, "role_arn"), "~/.aws/config:4 role_helper_role_arn");
    assert_eq!(from(&plan, "source_profile"), "~/.aws/config:5 role_helper_source_profile");
    assert_eq!(from(&plan, "mfa_serial"), "added key alice");
    assert_eq!(from(&plan, "duration"), "default");
    assert!(plan.warnings.is_empty());
    let explained = explain(&plan);
    assert_eq!(
        explained.calls[0].to_string(),
        "AssumeRole arn:aws:iam::222233334444:role/Admin as alice for 1h, with an MFA code"
    );
    assert_eq!(
        explained.to_string(),
        "profile prod: key alice of arn:aws:iam::111122223333:user/division/team/alice\n\n\
         calls, where nothing is cached:\n  \
         1. AssumeRole arn:aws:iam::222233334444:role/Admin as alice for 1h, with an MFA code\n\n\
         settings:\n  \
         prod   source_profile  alice (~/.aws/config:5 role_helper_source_profile)\n  \
         alice  user            arn:aws:iam::111122223333:user/division/team/alice (added key alice)\n  \
         prod   mfa_serial      arn:aws:iam::111122223333:mfa/alice (added key alice)\n  \
         prod   role_arn        arn:aws:iam::222233334444:role/Admin (~/.aws/config:4 role_helper_role_arn)\n  \
         prod   session_name    alice (user name of arn:aws:iam::111122223333:user/division/team/alice)\n  \
         prod   duration        1h (default)\n  \
         prod   region          ap-northeast-1 (~/.aws/config:2 region)\n  \
         prod   mfa_prompt      auto (default)"
    );
}

#[test]
fn explanations_have_stable_fields() {
    let case = Case::of("[profile p]\nrole_arn = arn:aws:iam::222233334444:role/Admin\nsource_profile = alice\n");
    let json = serde_json::to_value(explain(&case.plan("p"))).unwrap();
    assert_eq!(
        json["calls"],
        serde_json::json!([{
            "operation": "AssumeRole",
            "role_arn": "arn:aws:iam::222233334444:role/Admin",
            "session_name": "alice",
            "duration_seconds": 3600,
            "mfa": true
        }])
    );
    assert_eq!(json["settings"][0]["from"], "~/.aws/config:3 source_profile");
    assert_eq!((&json["plaintext"], &json["region"]), (&serde_json::json!(false), &serde_json::Value::Null));
}

#[test]
fn awss_own_keys_and_ours_before_them() {
    let case = Case::of(
        "[profile p]\nrole_arn = arn:aws:iam::222233334444:role/Theirs\nrole_helper_role_arn = arn:aws:iam::222233334444:role/Ours\n\
         source_profile = alice\nduration_seconds = 7200\nrole_session_name = robot\nexternal_id = x-1\n\
         mfa_serial = GAHT12345678\n",
    );
    let plan = case.plan("p");
    let hop = &plan.hops[0];
    assert_eq!(hop.role_arn.role_name(), "Ours");
    assert_eq!((hop.duration.seconds(), hop.session_name.as_str()), (7200, "robot"));
    assert_eq!(hop.external_id.as_deref(), Some("x-1"));
    assert_eq!(plan.mfa.unwrap().serial.as_str(), "GAHT12345678");
}

#[test]
fn chains_of_any_depth_begin_at_the_key() {
    let case = Case::of(
        "[profile c]\nrole_arn = arn:aws:iam::333344445555:role/C\nsource_profile = b\nrole_helper_source_identity = user\n\
         [profile b]\nregion = x-y-1\nrole_arn = arn:aws:iam::222233334444:role/B\nsource_profile = a\nrole_helper_session_name = bee\n\
         [profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = alice\nmfa_serial = GAHT12345678\nduration_seconds = 43200\n",
    );
    let plan = case.plan("c");
    let seen: Vec<_> =
        plan.hops.iter().map(|h| (h.profile.as_str(), h.session_name.as_str(), h.duration.to_string())).collect();
    assert_eq!(
        seen,
        [("a", "alice", "12h".to_owned()), ("b", "bee", "1h".to_owned()), ("c", "alice", "1h".to_owned())]
    );
    assert_eq!(plan.mfa.as_ref().unwrap().serial.as_str(), "GAHT12345678");
    assert_eq!(plan.hops[2].source_identity.as_ref().unwrap().as_str(), "alice");
    assert_eq!(plan.region, None, "a source's region is not the profile's");
}

#[test]
fn an_added_name_comes_before_a_profile_of_that_name() {
    let config = format!(
        "[profile p]\nrole_arn = {ADMIN}\nsource_profile = alice\n[profile alice]\nrole_arn = x\nmfa_serial = GAHT12345678\n"
    );
    let plan = Case::of(&config).plan("p");
    assert!(matches!(plan.base, Base::Added { .. }));
    assert_eq!(plan.hops.len(), 1);
    assert_eq!(plan.mfa.unwrap().serial.as_str(), "GAHT12345678");
}

#[test]
fn users_without_a_role_get_their_mfa_session() {
    for (config, profile) in [
        ("", "alice"),
        ("[profile alice]\nregion = eu-west-1\n", "alice"),
        ("[profile me]\nrole_helper_source_profile = alice\n", "me"),
        ("[profile me]\nsource_profile = alice\n", "me"),
    ] {
        let plan = Case::of(config).plan(profile);
        assert!(plan.hops.is_empty());
        assert_eq!(plan.mfa.unwrap().at, MfaAt::Session(Lifetime::from_seconds(43_200)), "{config}");
    }
    let mut case = Case::of("");
    case.overrides.duration = Some(Lifetime::from_seconds(900));
    assert_eq!(case.plan("alice").mfa.unwrap().at, MfaAt::Session(Lifetime::from_seconds(900)));
    case.overrides.session_name = Some("robot".parse().unwrap());
    assert!(case.failure("alice").contains("--session-name needs a role"));
    let mut case = Case::of("");
    case.index.added[0].mfa_serial = None;
    let text = case.failure("alice");
    assert!(text.contains("no MFA device is known for `alice`") && text.contains("--mfa-serial"), "{text}");
}

#[test]
fn plaintext_keys_work_with_a_warning_once_their_user_is_known() {
    let config = format!("[profile p]\nrole_arn = {ADMIN}\nsource_profile = plain\n");
    let mut case = Case { credentials: PLAIN, ..Case::of(&config) };
    match case.resolve("p") {
        Err(PlanError::UnknownUser(user)) => {
            assert_eq!((user.profile.as_str(), user.access_key_id.as_str()), ("plain", "AKIAPLAINPLAINPLAIN1"));
            assert!(!format!("{user:?}").contains("not/a+secret"));
        }
        other => panic!("{other:?}"),
    }
    case.index.plaintext.push(facts("plain", ALICE, "AKIAPLAINPLAINPLAIN1", None));
    let plan = case.plan("p");
    assert!(matches!(&plan.base, Base::Plaintext { name, .. } if name == "plain"));
    assert_eq!((plan.mfa.as_ref(), plan.hops[0].session_name.as_str()), (None, "alice"));
    assert_eq!(
        plan.warnings,
        [
            "the access key of `plain` lies in plain text at ~/.aws/credentials:2: role-helper add plain --from-profile plain"
        ]
    );
    assert!(!format!("{plan:?}{:?}", explain(&plan)).contains("not/a+secret"));
    // What is wrong with the rest is said before AWS is asked for the user.
    let broken = format!("{config}duration_seconds = 5\n");
    let case = Case { credentials: PLAIN, ..Case::of(&broken) };
    assert!(case.failure("p").contains("outside of what AssumeRole takes"));
}

#[test]
fn a_profile_may_name_itself_for_its_own_keys() {
    let config = format!("[profile plain]\nrole_arn = {ADMIN}\nsource_profile = plain\n");
    let mut case = Case { credentials: PLAIN, ..Case::of(&config) };
    case.index.plaintext.push(facts("plain", ALICE, "AKIAPLAINPLAINPLAIN1", None));
    assert_eq!(case.plan("plain").hops.len(), 1);
    let without = Case::of(&config);
    assert!(
        without.failure("plain").contains("loop: plain (~/.aws/config:3) -> plain"),
        "{}",
        without.failure("plain")
    );
    // As the source of another, its keys come before its role, for AWS's tools as for us.
    let other = format!("{config}[profile q]\nrole_arn = {ADMIN}\nsource_profile = plain\n");
    let mut case = Case { credentials: PLAIN, ..Case::of(&other) };
    case.index.plaintext.push(facts("plain", ALICE, "AKIAPLAINPLAINPLAIN1", None));
    assert_eq!(case.plan("q").hops.len(), 1);
}

#[test]
fn our_own_process_as_a_source_is_read_and_never_run() {
    let config = format!(
        "[profile q]\nrole_arn = arn:aws:iam::333344445555:role/Q\nsource_profile = prod\n\
         [profile prod]\ncredential_process = /opt/role-helper credential-process prod\n\
         role_helper_role_arn = {ADMIN}\nrole_helper_source_profile = alice\n\
         [profile alias]\ncredential_process = role-helper credential-process prod\n\
         [profile foreign]\ncredential_process = /opt/other\n[profile r]\nrole_arn = {ADMIN}\nsource_profile = foreign\n"
    );
    let case = Case::of(&config);
    assert_eq!(case.plan("q").hops.len(), 2);
    assert_eq!(case.plan("alias").hops[0].role_arn.as_str(), ADMIN);
    let text = case.failure("r");
    assert!(text.contains("`foreign` gets its credentials by credential_process"), "{text}");
    assert!(text.contains("~/.aws/config:11"), "{text}");
}

#[test]
fn a_shared_mfa_session_and_the_hour_behind_it() {
    let config = format!(
        "[profile p]\nrole_arn = {ADMIN}\nsource_profile = alice\nrole_helper_mfa_session = 12h\nrole_helper_duration = 1h\n"
    );
    let plan = Case::of(&config).plan("p");
    assert_eq!(plan.mfa.as_ref().unwrap().at, MfaAt::Session(Lifetime::from_seconds(43_200)));
    let calls: Vec<_> = explain(&plan).calls.iter().map(|call| (call.operation, call.mfa)).collect();
    assert_eq!(calls, [("GetSessionToken", true), ("AssumeRole", false)]);

    let long = config.replace("duration = 1h", "duration = 2h");
    let text = Case::of(&long).failure("p");
    assert!(
        text.contains("2h is too long") && text.contains("~/.aws/config:5") && text.contains("MFA session"),
        "{text}"
    );
    let chained = format!("{config}[profile q]\nrole_arn = {ADMIN}\nsource_profile = p\nduration_seconds = 3601\n");
    let text = Case::of(&chained).failure("q");
    assert!(text.contains("1h1s") || text.contains("1h0m1s"), "{text}");
    assert!(text.contains("role chaining"), "{text}");

    let mut case = Case::of(&config);
    case.overrides.duration = Some(Lifetime::from_seconds(7200));
    let error = Failure::from(case.resolve("p").unwrap_err());
    assert_eq!(error.kind(), crate::identity::Kind::Usage);
    case.index.added[0].mfa_serial = None;
    case.overrides.duration = None;
    assert!(case.failure("p").contains("mfa_session needs a device"));
}

#[test]
fn policies_tags_and_what_the_command_line_adds() {
    let config = format!(
        "[profile p]\nrole_arn = {ADMIN}\nsource_profile = alice\n\
         role_helper_tags = Team=blue, Cost=a b\nrole_helper_transitive_tags = Team\n\
         role_helper_session_policy_arns = arn:aws:iam::aws:policy/ReadOnlyAccess\n"
    );
    let mut case = Case::of(&config);
    case.overrides.tags = vec![("team".to_owned(), "red".to_owned())];
    let plan = case.plan("p");
    let tags: Vec<_> = plan.hops[0].tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(tags, ["Cost=a b", "team=red"]);
    assert_eq!(plan.hops[0].session_policy_arns, ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    case.overrides.session_policy = Some("{}".to_owned());
    assert!(case.failure("p").contains("has a session policy already"));
    let bare = format!("[profile p]\nrole_arn = {ADMIN}\nsource_profile = alice\n");
    let case = Case { overrides: case.overrides, ..Case::of(&bare) };
    assert_eq!(case.plan("p").hops[0].session_policy.as_deref(), Some("{}"));
}

#[test]
fn regions_and_endpoints_in_their_order() {
    let config = format!(
        "[default]\nrole_helper_allow_endpoint = https://sts.corp.example\n\
         [profile p]\nrole_arn = {ADMIN}\nsource_profile = alice\nregion = eu-west-1\nservices = dev\nendpoint_url = http://127.0.0.1:1\n\
         [services dev]\ns3 =\n  endpoint_url = http://localhost:2\nsts =\n  endpoint_url = http://localhost:3\n"
    );
    let mut case = Case::of(&config);
    let endpoint = case.plan("p").sts_endpoint.unwrap();
    assert_eq!((endpoint.url.as_str(), endpoint.allowed), ("http://localhost:3", true));
    assert_eq!(endpoint.origin, "~/.aws/config:13 endpoint_url of sts");
    for (url, allowed) in [
        ("https://sts.corp.example/", true),
        ("https://evil.example", false),
        ("https://sts.us-east-1.amazonaws.com", true),
    ] {
        case.environment.endpoint = Some((url.to_owned(), "AWS_ENDPOINT_URL_STS"));
        let endpoint = case.plan("p").sts_endpoint.unwrap();
        assert_eq!((endpoint.allowed, endpoint.origin.as_str()), (allowed, "AWS_ENDPOINT_URL_STS"), "{url}");
    }
    case.environment.ignore_configured_endpoints = true;
    assert_eq!(case.plan("p").sts_endpoint, None);

    case.environment.region = Some(("us-east-2".to_owned(), "AWS_REGION"));
    assert_eq!(case.plan("p").region.as_deref(), Some("eu-west-1"));
    assert_eq!(case.plan("alice").region.as_deref(), Some("us-east-2"));
    case.overrides.region = Some("ap-northeast-1".to_owned());
    assert_eq!(case.plan("p").region.as_deref(), Some("ap-northeast-1"));
    case.overrides.region = Some("evil.example/".to_owned());
    assert!(case.failure("p").contains("--region cannot be used"));
}

/// What goes wrong in one line of a profile that is right otherwise, and what the error must say.
#[test]
fn bad_input_is_one_clear_error() {
    let right = format!("[profile p]\nrole_arn = {ADMIN}\nsource_profile = alice\n");
    for (line, words) in [
        ("role_arn = arn:aws:iam::1:role/x", &["~/.aws/config:4", "twelve digits"][..]),
        ("role_arn = Admin", &["role_arn", "is not the ARN of a role"]),
        ("role_arn = arn:aws:iam::111122223333:user/x", &["is not the ARN of a role"]),
        ("source_profile = alise", &["`alise` of `p` was not added", "did you mean `alice`"]),
        ("source_profile = p", &["loop: p (~/.aws/config:4) -> p"]),
        ("role_helper_rolearn = x", &["unknown key `role_helper_rolearn`", "did you mean `role_helper_role_arn`"]),
        ("role_helper_duration_seconds = 900", &["did you mean `role_helper_duration`"]),
        ("role_helper_zzzzzzz = 1", &["unknown key", "remove the line"]),
        ("duration_seconds = 1 day", &["duration_seconds of profile `p`", "is not a duration"]),
        ("role_helper_duration = 13h", &["outside of what AssumeRole takes"]),
        ("role_helper_mfa_session = 37h", &["outside of what GetSessionToken takes"]),
        ("role_helper_session_name = a", &["too short"]),
        ("role_helper_session_name = a b", &["cannot hold"]),
        ("role_helper_source_identity = a/b", &["cannot hold"]),
        ("external_id = é", &["external id"]),
        ("mfa_serial = arn:aws:iam::111122223333:u2f/user/alice/k-1", &["FIDO", "cannot sign"]),
        ("role_helper_tags = a", &["is not a tag"]),
        ("role_helper_tags = a=1,A=2", &["twice"]),
        ("role_helper_tags = aws:x=1", &["aws:"]),
        ("role_helper_session_policy = {", &["not a policy in JSON"]),
        ("role_helper_session_policy = file://x", &["JSON itself"]),
        ("role_helper_session_policy_arns = arn:aws:iam::aws:role/x", &["not the ARN of a policy"]),
        ("role_helper_mfa_prompt = telepathy", &["is not a prompt"]),
        ("role_helper_confirm = perhaps", &["true or false"]),
        ("role_helper_mfa_process =", &["has no value"]),
        ("region = a.b", &["is not a region"]),
        ("nonsense", &["~/.aws/config:4", "expected `key = value`"]),
    ] {
        let text = Case::of(&format!("{right}{line}\n")).failure("p");
        assert!(words.iter().all(|word| text.contains(word)), "{line}: {text}");
        assert!(text.lines().count() <= 3, "{text}");
    }
    for (config, profile, words) in [
        (right.as_str(), "prd", &["profile `prd` is not in ~/.aws/config", "role-helper setup prd"][..]),
        ("[profile prod]\nx=1\n", "prdo", &["did you mean `prod`"]),
        ("", "alcie", &["did you mean `alice`"]),
        ("[profile p\nrole_arn=x\n", "p", &["~/.aws/config:1", "does not end with `]`"]),
        ("[p]\nrole_arn=x\n", "p", &["~/.aws/config:1: [p] is no profile here: write [profile p]"]),
        ("[profile p]\nrole_arn = x\n", "p", &["has a role and no source_profile"]),
        ("[profile p]\nrole_arn =\nsource_profile = alice\n", "p", &["~/.aws/config:2: it has no value"]),
        ("[profile p]\nregion = x\n", "p", &["neither a role nor a key", "~/.aws/config:1"]),
        (
            "[profile p]\nrole_helper_source_profile = alice\nrole_helper_session_policy = {}\n",
            "p",
            &["needs a role_arn"],
        ),
        ("[profile p]\nsso_session = x\n", "p", &["by sso_session", "yet"]),
        ("[profile p]\nlogin_session = x\n", "p", &["by login_session"]),
        ("[profile p]\nrole_arn = x\ncredential_source = Environment\n", "p", &["by credential_source"]),
        ("[profile p]\nrole_arn = x\nweb_identity_token_file = /x\n", "p", &["by web_identity_token_file"]),
        ("[profile p]\naws_access_key_id = AKIAPLAINPLAINPLAIN1\n", "p", &["no aws_secret_access_key"]),
        ("[profile p]\naws_access_key_id = x\naws_secret_access_key = hush\n", "p", &["not an access key id"]),
        (
            "[profile p]\naws_access_key_id = AKIAPLAINPLAINPLAIN1\naws_secret_access_key = hush\naws_session_token = t\n",
            "p",
            &["are temporary"],
        ),
        (
            "[profile a]\nrole_arn = x\nsource_profile = b\n[profile b]\nrole_arn = x\nsource_profile = c\n[profile c]\nrole_arn = x\nsource_profile = b\n",
            "a",
            &["loop: b (~/.aws/config:6) -> c (~/.aws/config:9) -> b"],
        ),
    ] {
        let text = Case::of(config).failure(profile);
        assert!(words.iter().all(|word| text.contains(word)), "{config}: {text}");
        assert!(!text.contains("hush"), "{text}");
    }
    let mut case = Case::of(&right);
    case.index.added[0].user_arn = "arn:aws:iam::111122223333:user/a".parse().unwrap();
    let text = case.failure("p");
    assert!(text.contains("user name `a`") && text.contains("2 to 64") && text.contains("--session-name"), "{text}");
}

#[test]
fn problems_have_lines_and_culprits() {
    for (text, line, severity, words) in [
        ("[profile a]\nx = 1\nX = 2\n", 3, Severity::File, "stands twice: botocore"),
        ("[profile a]\n[profile b]\n[profile a]\n", 3, Severity::File, "section [a] stands twice"),
        ("\u{feff}[profile a]\n", 1, Severity::File, "byte order mark"),
        ("[profile a]\nx\n", 2, Severity::File, "without `=`"),
        ("[profile a]\n x = 1\n", 2, Severity::File, "indented"),
        ("[profile a]\nx = 1 # c\n", 2, Severity::Differs, "comment behind the value of x: botocore"),
        ("[profile a]\nx = [1]\n", 2, Severity::Differs, "bracket"),
        ("[profile a]\nx = \"1\"\n", 2, Severity::Differs, "quotes"),
        ("[profile a]\ns3 =\n  a = b\n", 3, Severity::Differs, "nested"),
        ("[profile a]\nx = 1\n  2\n", 3, Severity::Differs, "goes on"),
        ("[a]\n", 1, Severity::Differs, "do not take it for a profile"),
        ("[ profile a]\n", 1, Severity::Differs, "botocore does not"),
        ("[default]\n[profile default]\n", 1, Severity::Differs, "beside [profile default]"),
        ("[profile a]\ncredential_process = x\nrole_arn = y\n", 3, Severity::Profile, "role_arn beside"),
        ("[profile a]\na:b = 1\n", 2, Severity::Differs, "botocore ends the key"),
    ] {
        let problems = Config::parse(text, FileKind::Config, "c").problems();
        let [problem] = &problems[..] else { panic!("{text:?}: {problems:#?}") };
        assert_eq!((problem.line, problem.severity), (line, severity), "{text:?}");
        assert!(problem.to_string().contains(words), "{problem}");
    }
    let clean = "# c\n[default]\nregion = x\r\n\n[profile a]\nx = 1\n; c\n";
    assert_eq!(Config::parse(clean, FileKind::Config, "c").problems(), []);
}

/// AWS's shared test cases for profile files, where they lie beside this project.
#[test]
fn the_sdks_suite_of_profile_files() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/profile-parser-tests.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no profile-parser-tests.json");
        return;
    };
    let suite: serde_json::Value = serde_json::from_str(&text).unwrap();
    type Profiles = BTreeMap<String, BTreeMap<String, String>>;
    for test in suite["tests"].as_array().unwrap() {
        let name = test["name"].as_str().unwrap();
        let file = |key: &str| test["input"][key].as_str().unwrap_or("");
        let config = Config::parse(file("configFile"), FileKind::Config, "config");
        let credentials = Config::parse(file("credentialsFile"), FileKind::Credentials, "credentials");
        let problems = config.problems();
        let refused = problems.iter().find(|problem| problem.severity == Severity::File);
        if test["output"].get("errorContaining").is_some() {
            assert!(refused.is_some(), "{name}: {problems:?}");
            continue;
        }
        let mut profiles = Profiles::new();
        for section in
            [&config, &credentials].into_iter().flat_map(|file| file.profiles().map(|p| file.profile(p).unwrap()))
        {
            if section.known_to_sdks() {
                let profile = profiles.entry(section.name().to_owned()).or_default();
                for property in section.properties().into_iter().filter(|property| is_identifier(&property.key)) {
                    profile.insert(property.key.into_owned(), property.value.text.into_owned());
                }
            }
        }
        let expected: Profiles = serde_json::from_value(test["output"]["config"]["profiles"].clone()).unwrap();
        assert_eq!(profiles, expected, "{name}");
        if let Some(sessions) = test["output"]["config"]["sso_sessions"].as_object() {
            for (session, properties) in sessions {
                let found = config.sso_session(session).unwrap();
                for (key, value) in properties.as_object().unwrap() {
                    assert_eq!(found.get(key).unwrap().text, value.as_str().unwrap(), "{name}");
                }
            }
        }
    }
}
