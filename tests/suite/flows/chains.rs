//! Chains of roles, what is sent with each, and what makes another session of it.

use super::{ADMIN, CHAINED, Stage, profile};
use crate::simulator::demo::DEMO_MFA;
use crate::simulator::world::{Role, Trust, User, World as Aws};

const OPEN: &str = "arn:aws:iam::222233334444:role/Open";
const NEXT: &str = "arn:aws:iam::222233334444:role/Next";
const LAST: &str = "arn:aws:iam::222233334444:role/Last";

#[test]
fn three_hops_of_one_code() {
    let mut aws = Aws::demo();
    let trust = Trust::of(CHAINED).tag_session().set_source_identity();
    aws = aws.role(Role::new(LAST).trust(trust).may("*", "*"));
    let stage = Stage::new(aws);
    stage.add("alice", crate::simulator::demo::DEMO_KEY_ID, crate::simulator::demo::DEMO_SECRET);
    stage.world.config(&format!(
        "{}[profile mid]\nrole_arn = {CHAINED}\nsource_profile = prod\n\n{}",
        profile("prod", ADMIN, "alice", "duration_seconds = 14400"),
        profile("far", LAST, "mid", "region = eu-west-1"),
    ));
    // Bound to make the later hops possible.
    stage.aws.change(|aws| {
        for role in &mut aws.roles {
            role.allow.push(crate::simulator::world::Allow {
                action: "sts:*".into(),
                resource: "*".into(),
                mfa: false,
            });
        }
    });
    let json = stage.run_with_code("credential-process far").quiet().json();
    let text = |member: &str| json[member].as_str().unwrap().to_owned();
    let arn = stage.aws.session_arn(&text("AccessKeyId"), &text("SecretAccessKey"), &text("SessionToken"));
    assert_eq!(arn.as_deref(), Some("arn:aws:sts::222233334444:assumed-role/Last/alice"));
    let calls = stage.aws.calls();
    let arns: Vec<_> = calls.iter().map(|call| call.param("RoleArn").unwrap()).collect();
    assert_eq!(arns, [ADMIN, CHAINED, LAST]);
    let serials: Vec<_> = calls.iter().map(|call| call.param("SerialNumber")).collect();
    assert_eq!(serials, [Some(DEMO_MFA), None, None]);
    let durations: Vec<_> = calls.iter().map(|call| call.param("DurationSeconds").unwrap()).collect();
    assert_eq!(durations, ["14400", "3600", "3600"]);
    assert!(calls.iter().all(|call| call.param("RoleSessionName") == Some("alice")));

    // Each hop was sealed by itself: the middle is a hit, and the end renews without a code.
    stage.run("credential-process mid").quiet();
    stage.run("credential-process prod").quiet();
    assert_eq!(stage.assumed(), 3);
    stage.run("exec far --duration 15m -- true").quiet();
    assert_eq!(stage.assumed(), 4);
}

#[test]
fn loops_are_named_with_profile_and_line() {
    let stage = Stage::bob();
    stage.world.config(&format!(
        "[profile a]\nrole_arn = {OPEN}\nsource_profile = b\n[profile b]\nrole_arn = {OPEN}\nsource_profile = c\n\
         [profile c]\nrole_arn = {OPEN}\nsource_profile = a\n"
    ));
    let all = "a (~/.aws/config:3) -> b (~/.aws/config:6) -> c (~/.aws/config:9) -> a";
    for command in ["exec a -- true", "credential-process a", "login a", "explain a"] {
        stage.run(command).fails(3).says(&format!("the source profiles form a loop: {all}")).says("~/.aws/config:9");
    }
    assert!(stage.aws.calls().is_empty());
}

#[test]
fn dead_ends_are_named_with_profile_and_line() {
    let stage = Stage::bob();
    stage.world.config(&format!(
        "[profile gone]\nrole_arn = {OPEN}\nsource_profile = mid\n[profile mid]\nrole_arn = {OPEN}\nsource_profile = bbo\n\
         [profile bare]\nregion = eu-west-1\n[profile none]\nrole_arn = {OPEN}\n\
         [profile onto]\nrole_arn = {OPEN}\nsource_profile = bare\n"
    ));
    stage
        .run("exec gone -- true")
        .fails(3)
        .says("the source profile `bbo` of `mid` was not added")
        .says("cause: ~/.aws/config:6")
        .says("did you mean `bob`?");
    stage.run("exec none -- true").fails(3).says("has a role and no source_profile").says("~/.aws/config:10");
    stage.run("exec bare -- true").fails(3).says("profile `bare` has neither a role nor a key").says("~/.aws/config:7");
    stage.run("exec onto -- true").fails(3).says("`bare`").says("~/.aws/config:7");
    stage
        .run("exec on -- true")
        .fails(3)
        .says("profile `on` is not in ~/.aws/config")
        .says("hint: role-helper setup on");
    assert!(stage.aws.calls().is_empty());
}

/// All that changes AWS's answer is sent, and each change of it makes a session of its own.
#[test]
fn what_is_set_is_sent_and_every_change_is_a_new_session() {
    let stage = Stage::bob();
    let policy = |action: &str| {
        format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"{action}\",\"Resource\":\"*\"}}]}}"
        )
    };
    let base = [
        ("external_id", "blue".to_owned(), "green".to_owned(), "ExternalId"),
        ("source_identity", "user".to_owned(), "Bobby".to_owned(), "SourceIdentity"),
        ("session_name", "bob.b".to_owned(), "bob.c".to_owned(), "RoleSessionName"),
        ("duration", "90m".to_owned(), "91m".to_owned(), "DurationSeconds"),
        ("tags", "team=web,ticket=A-1".to_owned(), "team=web,ticket=A-2".to_owned(), "Tags.member.2.Value"),
        ("transitive_tags", "team".to_owned(), "team,ticket".to_owned(), "TransitiveTagKeys.member.2"),
        ("session_policy", policy("s3:*"), policy("ec2:*"), "Policy"),
        (
            "session_policy_arns",
            "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned(),
            "arn:aws:iam::aws:policy/SecurityAudit".to_owned(),
            "PolicyArns.member.1.arn",
        ),
    ];
    let write = |changed: Option<usize>, region: &str| {
        let line = |n: usize| {
            let (key, before, after, _) = &base[n];
            format!("role_helper_{key} = {}\n", if changed == Some(n) { after } else { before })
        };
        let more: String = (0..base.len()).map(line).collect();
        stage.world.config(&profile("all", OPEN, "bob", &format!("{more}region = {region}")));
    };
    write(None, "eu-west-1");
    stage.run("credential-process all").quiet();
    let first = stage.aws.calls_of("AssumeRole").remove(0);
    for (name, value) in [
        ("ExternalId", "blue"),
        ("SourceIdentity", "bob"),
        ("RoleSessionName", "bob.b"),
        ("DurationSeconds", "5400"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "web"),
        ("Tags.member.2.Key", "ticket"),
        ("Tags.member.2.Value", "A-1"),
        ("TransitiveTagKeys.member.1", "team"),
        ("Policy", &policy("s3:*")),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ] {
        assert_eq!(first.param(name), Some(value), "{name}");
    }
    for (n, (key, _, _, param)) in base.iter().enumerate() {
        write(Some(n), "eu-west-1");
        stage.run("credential-process all").quiet();
        let calls = stage.aws.calls_of("AssumeRole");
        assert_eq!(calls.len(), n + 2, "{key} makes no new session");
        let last = calls.last().unwrap();
        assert_ne!(last.param(param), first.param(param), "{key} is not sent");
        stage.run("credential-process all").quiet();
        assert_eq!(stage.assumed(), n + 2, "{key}: the same again is a hit");
    }
    // What was there before is still sealed, and a region changes nothing.
    write(None, "us-east-2");
    stage.run("credential-process all").quiet();
    assert_eq!(stage.assumed(), base.len() + 1);
}

/// What a hop below is called by changes what comes of it above.
#[test]
fn a_change_below_is_a_new_session_above() {
    let stage = Stage::bob();
    let write = |id: &str| {
        stage.world.config(&format!(
            "{}{}",
            profile("first", OPEN, "bob", &format!("external_id = {id}")),
            profile("second", NEXT, "first", "")
        ));
    };
    write("blue");
    stage.run("credential-process second").quiet();
    assert_eq!(stage.assumed(), 2);
    write("green");
    stage.run("credential-process second").quiet();
    assert_eq!(stage.assumed(), 4);
    write("blue");
    stage.run("credential-process second").quiet();
    assert_eq!(stage.assumed(), 4);
}

/// Tags that are handed down are AWS's to hand down; the ones of the first hop are not sent again.
#[test]
fn tags_and_source_identity_down_the_chain() {
    let stage = Stage::bob();
    stage.world.config(&format!(
        "{}{}{}",
        profile(
            "first",
            OPEN,
            "bob",
            "role_helper_tags = team=web\nrole_helper_transitive_tags = team\nrole_helper_source_identity = user"
        ),
        profile("second", NEXT, "first", "role_helper_tags = ticket=A-1"),
        profile("third", LAST, "second", ""),
    ));
    stage.run("credential-process third").quiet();
    let calls = stage.aws.calls_of("AssumeRole");
    let sent = |n: usize, name: &str| calls[n].param(name).map(str::to_owned);
    assert_eq!(sent(0, "SourceIdentity").as_deref(), Some("bob"));
    assert_eq!((sent(1, "SourceIdentity"), sent(1, "Tags.member.1.Key").as_deref()), (None, Some("ticket")));
    assert_eq!(sent(2, "Tags.member.1.Key"), None);
}

#[test]
fn the_external_id_that_a_role_wants() {
    let aws = super::plain();
    let role = "arn:aws:iam::222233334444:role/Partner";
    let stage = Stage::new(aws.role(Role::new(role).trust(Trust::of("111122223333").external_id("blue"))));
    stage.add("bob", super::BOB_KEY, super::BOB_SECRET);
    stage.world.config(&profile("partner", role, "bob", ""));
    stage.run("login partner").fails(1).says("hint: ");
    stage.world.config(&profile("partner", role, "bob", "external_id = blue"));
    stage.run("login partner").ok();
}

/// The session's name is the user's, from the last part of the ARN, letter for letter.
#[test]
fn the_session_is_named_after_the_user() {
    for (path, name) in [("/", "Bob"), ("/division/team/", "bob"), ("/", "b.o+b=@x,y-z_1"), ("/a/", "Zz")] {
        let mut aws = super::plain();
        aws.users[0] = User { name: name.into(), ..aws.users[0].clone() }.path(path);
        let stage = Stage::new(aws);
        stage.add("me", super::BOB_KEY, super::BOB_SECRET);
        stage.world.config(&profile("open", OPEN, "me", ""));
        stage.run("login open").ok().says(&format!(" as {name}, "));
        assert_eq!(stage.aws.calls_of("AssumeRole")[0].param("RoleSessionName"), Some(name));
    }
}

/// A user of one letter has no name that STS takes: said, with the option that names the session.
#[test]
fn a_user_of_one_letter_is_refused_with_the_reason() {
    let mut aws = super::plain();
    aws.users[0].name = "b".into();
    let stage = Stage::new(aws);
    let key = format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", super::BOB_KEY, super::BOB_SECRET);
    stage.world.credentials(&format!("[b]\n{key}"));
    stage.world.config(&profile("open", OPEN, "b", ""));
    stage.run("exec open -- true").fails(3).says("user name b").says("2 to 64").says("hint: ");
    assert_eq!(stage.assumed(), 0);
}

/// A key in plain text works, with a warning that says how to put it away.
#[test]
fn a_source_in_plain_text_works_with_a_warning() {
    let stage = Stage::new(super::plain());
    let key = format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", super::BOB_KEY, super::BOB_SECRET);
    stage.world.credentials(&format!("[work]\n{key}"));
    stage.world.config(&format!("[profile open]\nrole_arn = {OPEN}\nsource_profile = work\n"));
    let output = stage.run("exec open -- true").ok().says("warning: ").says("role-helper add work --from-profile work");
    output.hides(&[super::BOB_SECRET]);
    stage.run("credential-process open").quiet();
    assert_eq!(stage.assumed(), 1);
}

#[test]
fn settings_that_cannot_be_are_named_with_file_and_line() {
    let stage = Stage::bob();
    for (line, part) in [
        ("role_helper_external_id = a b", "external id"),
        ("role_helper_source_identity = a", "2 to 64"),
        ("role_session_name = a", "2 to 64"),
        ("duration_seconds = 60", "15"),
        ("role_helper_duration = soon", "is not a duration"),
        ("role_helper_tags = team", "is not a tag"),
        ("role_helper_tags = aws:x=y", "aws:"),
        ("role_helper_transitive_tags = ,", "tags"),
        ("role_helper_session_policy = {", "JSON"),
        ("role_helper_session_policy_arns = arn:aws:iam::1:role/x", "arn:aws:iam::"),
        ("role_helper_mfa_session = 37h", "36"),
        ("role_helper_mfa_prompt = sms", "auto"),
        ("role_helper_durration = 1h", "did you mean `role_helper_duration`?"),
    ] {
        stage.world.config(&profile("open", OPEN, "bob", line));
        let output = stage.run("exec open -- true").fails(3).says("~/.aws/config:4");
        assert!(output.stderr.contains(part), "{part}: {output}");
    }
    assert!(stage.aws.calls().is_empty());
}
