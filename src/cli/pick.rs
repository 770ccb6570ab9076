//! Choosing a profile where none was named: a list at the terminal, narrowed by what is typed. `pick` is the same for
//! scripts and `assume`: the list on the terminal, the choice on stdout.

use std::collections::HashMap;

use clap::Args;

use super::dialogs::Dialogs;
use super::house::House;
use super::list::{self, Profile};
use super::output::{self, left, shown};
use crate::door::cache;
use crate::identity::{Failure, Kind, RoleArn};

/// Choose a profile at the terminal and print its name
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: Arguments, house: &House) -> Result<(), Failure> {
    output::data(&(profile(house)? + "\n"))
}

/// The profile that was named, else the environment's, else the person's choice.
///
/// # Errors
/// As [`profile`].
pub(super) fn given_or_chosen(house: &House, given: Option<String>) -> Result<String, Failure> {
    match given.or_else(|| house.surroundings.profile.clone()) {
        Some(profile) => Ok(profile),
        None => profile(house),
    }
}

/// A profile chosen at the controlling terminal, whatever stdin, stdout and stderr are: most recently used first, then
/// as the config has them; with account, role, and the time its sealed session has left.
///
/// # Errors
/// A usage error where there is no terminal of ours or nothing to choose from; interrupted on Ctrl-C and Esc.
pub(super) fn profile(house: &House) -> Result<String, Failure> {
    let nothing_named = || house.profile_or_environment(None).err();
    let dialogs = match Dialogs::on_controlling_terminal() {
        Some(dialogs) => dialogs,
        None => return Err(nothing_named().unwrap_or_else(|| Failure::new(Kind::Usage, "no profile was named"))),
    };
    let mut profiles = list::profiles(house)?;
    if profiles.is_empty() {
        return Err(Failure::new(Kind::Configuration, "there is no profile to choose from")
            .cause("none in the config names a role or a source key")
            .hint("role-helper setup PROFILE"));
    }
    let used = Used::of(house);
    profiles.sort_by_key(|profile| std::cmp::Reverse(used.issued(&profile.name)));
    let items = lines(&profiles, &used, dialogs.columns());
    let chosen = dialogs.choose_by_typing("Profile", &items)?;
    profiles
        .get(chosen)
        .map(|profile| profile.name.clone())
        .ok_or_else(|| Failure::new(Kind::Interrupted, "nothing was chosen"))
}

/// What the clear headers of the sealed sessions tell of the profiles they were made for.
struct Used(HashMap<String, (i64, i64)>);

impl Used {
    fn of(house: &House) -> Used {
        let now = house.now();
        let mut used: HashMap<String, (i64, i64)> = HashMap::new();
        for (_, header) in cache::headers(&house.places) {
            let seconds_left = header.seconds_left(now);
            let entry = used.entry(header.profile).or_insert((i64::MIN, i64::MIN));
            *entry = (entry.0.max(header.issued.as_second()), entry.1.max(seconds_left));
        }
        Used(used)
    }

    fn issued(&self, profile: &str) -> i64 {
        self.0.get(profile).map_or(i64::MIN, |(issued, _)| *issued)
    }

    fn left(&self, profile: &str) -> String {
        match self.0.get(profile) {
            Some((_, seconds)) if *seconds > 0 => left(*seconds),
            _ => String::new(),
        }
    }
}

/// A line each, cut where the terminal ends: a line that wraps would be drawn over.
fn lines(profiles: &[Profile], used: &Used, columns: usize) -> Vec<String> {
    let width = |text: &str| dialoguer::console::measure_text_width(text);
    let names = profiles.iter().map(|profile| width(&shown(&profile.name))).max().unwrap_or(0).min(40);
    let line = |profile: &Profile| {
        let arn = profile.role_arn.as_deref().and_then(|arn| arn.parse::<RoleArn>().ok());
        let (account, role) = match &arn {
            Some(arn) => (arn.account().to_string(), arn.role_name().to_owned()),
            None => (String::new(), profile.role_arn.clone().unwrap_or_else(|| "(MFA session)".to_owned())),
        };
        let name = shown(&profile.name);
        let pad = " ".repeat(names.saturating_sub(width(&name)));
        let line = format!("{name}{pad}  {account:12}  {}  {}", shown(&role), used.left(&profile.name));
        // Two columns are the mark before the line, and one is never written.
        dialoguer::console::truncate_str(line.trim_end(), columns.saturating_sub(3).max(8), "…").into_owned()
    };
    profiles.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str, role_arn: Option<&str>) -> Profile {
        Profile {
            name: name.to_owned(),
            role_arn: role_arn.map(str::to_owned),
            source_profile: None,
            region: None,
            serves_clients: false,
        }
    }

    #[test]
    fn a_line_tells_account_role_and_time_and_never_wraps() {
        let profiles =
            [profile("prod", Some("arn:aws:iam::222233334444:role/team/Admin")), profile("本番\x1b[2J", None)];
        let used = Used([("prod".to_owned(), (5, 3000))].into());
        assert_eq!(
            lines(&profiles, &used, 80),
            ["prod      222233334444  Admin  50m", "本番?[2J                (MFA session)"]
        );
        for line in lines(&profiles, &used, 20) {
            assert!(dialoguer::console::measure_text_width(&line) <= 17, "{line}");
        }
    }
}
