use super::*;

fn role(profile: &str, seconds_left: i64) -> Role {
    Role {
        profile: profile.into(),
        account_id: Some("222233334444".into()),
        alias: None,
        color: None,
        seconds_left: Some(seconds_left),
    }
}

const BARE: Surface = Surface { color: false, unicode: true, markup: Markup::Plain, room: None };

fn bare(profile: &str, seconds_left: i64) -> String {
    text(&role(profile, seconds_left), None, &BARE)
}

fn within(role: &Role, room: usize, unicode: bool) -> String {
    text(role, None, &Surface { room: Some(room), unicode, ..BARE })
}

#[test]
fn it_counts_down_and_warns_at_ten_and_at_two_minutes() {
    for (left, expected) in [
        (43_200, "[dev 4444 12h00m]"),
        (3_900, "[dev 4444 1h05m]"),
        (3_599, "[dev 4444 59m]"),
        (601, "[dev 4444 10m]"),
        (600, "[dev 4444 10m!]"),
        (121, "[dev 4444 2m!]"),
        (120, "[dev 4444 120s!!]"),
        (1, "[dev 4444 1s!!]"),
        (0, "[dev 4444 expired]"),
        (-9999, "[dev 4444 expired]"),
    ] {
        assert_eq!(bare("dev", left), expected);
    }
    let untimed = Role { seconds_left: None, ..role("dev", 0) };
    assert_eq!(text(&untimed, Some(&"{profile}".parse().unwrap()), &BARE), "dev");
    assert_eq!(untimed.state(), State::Active);
}

#[test]
fn production_is_red_and_accounts_keep_their_colour() {
    for profile in ["prod", "acme-Production", "web.prod.eu", "nonprod-and-prod"] {
        assert_eq!(role(profile, 1).color(), Color::RED, "{profile}");
    }
    for profile in ["dev", "non-prod", "nonprod", "pre_prod", "preprod"] {
        assert_ne!(role(profile, 1).color(), Color::RED, "{profile}");
        assert_eq!(role(profile, 1).color(), role("other", 1).color(), "by the account, not the profile");
    }
    let wanted = Role { color: Some(Color::Indexed(208)), ..role("prod", 1) };
    assert_eq!(wanted.color(), Color::Indexed(208));
    let colors: std::collections::BTreeSet<String> = (0..40)
        .map(|n| Role { account_id: Some(format!("{:012}", n * 7)), ..role("x", 1) }.color().to_string())
        .collect();
    assert_eq!(colors.len(), Color::CALM.len(), "{colors:?}");
}

#[test]
fn colours_are_written_as_each_reader_takes_them() {
    let surface = |markup| Surface { color: true, markup, ..BARE };
    let good = role("prod%#", 3000);
    assert_eq!(text(&good, None, &surface(Markup::Plain)), "\x1b[0;31m[prod%# 4444 50m]\x1b[0m");
    assert_eq!(text(&good, None, &surface(Markup::Bash)), "\x01\x1b[0;31m\x02[prod%# 4444 50m]\x01\x1b[0m\x02");
    assert_eq!(text(&good, None, &surface(Markup::Zsh)), "%{\x1b[0;31m%}[prod%%# 4444 50m]%{\x1b[0m%}");
    assert_eq!(text(&good, None, &surface(Markup::Tmux)), "#[default,fg=colour1][prod%## 4444 50m]#[default]");
    let soon = text(&role("prod", 300), None, &surface(Markup::Plain));
    assert_eq!(soon, "\x1b[0;31m[prod 4444 \x1b[0;33m5m!\x1b[0;31m]\x1b[0m");
    let last = text(&role("prod", 60), None, &surface(Markup::Plain));
    assert!(last.contains("\x1b[0;1;31m60s!!"), "{last:?}");
    assert_eq!(text(&role("prod", 0), None, &surface(Markup::Plain)), "\x1b[0;2m[prod 4444 expired]\x1b[0m");
}

#[test]
fn it_fits_where_there_is_little_room() {
    let long = role("a-very-long-profile-name", 3000);
    assert_eq!(within(&long, 34, true), "[a-very-long-profile-name 50m]");
    assert_eq!(within(&long, 40, true), "[a-very-long-profile-name 4444 50m]");
    assert_eq!(within(&long, 19, true), "[a-very-long-… 50m]");
    for room in 0..40 {
        for unicode in [true, false] {
            let wide = role("本番環境の管理者アカウント", 3000);
            for role in [&long, &wide] {
                let fitted = within(role, room, unicode);
                assert!(width(&fitted) <= room, "{room}: {fitted}");
                assert!(unicode || fitted.is_ascii(), "{fitted}");
            }
        }
    }
    assert_eq!(within(&long, 8, true), "[50m]");
    assert_eq!(within(&long, 3, true), "");
}

#[test]
fn wide_characters_take_two_columns() {
    let wide = role("本番", 3000);
    assert_eq!(columns(&wide, None, &BARE), "[xxxx 4444 50m]".len());
    assert_eq!(within(&role("本番環境", 3000), 12, true), "[本番… 50m]");
    assert_eq!(bare("Ünïcode", 3000), "[Ünïcode 4444 50m]");
    let ascii = Surface { unicode: false, ..BARE };
    assert_eq!(text(&wide, None, &ascii), "[?? 4444 50m]");
}

#[test]
fn nothing_in_a_name_acts_on_the_terminal() {
    let hostile = "a\x1b[31m\n\r\u{202e}b\u{200b}\x07\u{9b}31m";
    assert_eq!(bare(hostile, 3000), "[a?[31m???b???31m 4444 50m]");
    assert!(!bare(hostile, 3000).contains(|c: char| c.is_control()));
}

#[test]
fn a_template_is_the_persons_own() {
    let own = |form: &str, role: &Role| text(role, Some(&form.parse().unwrap()), &BARE);
    let prod = role("prod", 300);
    assert_eq!(
        own("{profile}|{account}|{account_id}|{left}|{seconds}|{state}|{{}}", &prod),
        "prod|4444|222233334444|5m!|300|soon|{}"
    );
    let named = Role { alias: Some("acme".into()), ..prod.clone() };
    assert_eq!(own("{account}", &named), "acme");
    let colored = Surface { color: true, ..BARE };
    let form: Template = "aws {color}{profile}{reset}!".parse().unwrap();
    assert_eq!(text(&prod, Some(&form), &colored), "aws \x1b[0;31mprod\x1b[0m!");
    assert_eq!("{nope}".parse::<Template>(), Err(TemplateError::Unknown("nope".into())));
    assert_eq!("{profile".parse::<Template>(), Err(TemplateError::Open));
    assert!("{nope}".parse::<Template>().unwrap_err().to_string().contains("{account_id}"));
}

#[test]
fn programs_get_json() {
    assert_eq!(json(None), "null");
    assert_eq!(
        json(Some(&role("prod", 300))),
        r#"{"profile":"prod","account_id":"222233334444","account_alias":null,"seconds_left":300,"state":"soon","color":"red"}"#
    );
}
