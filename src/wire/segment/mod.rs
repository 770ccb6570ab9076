//! The segment of a shell's prompt: which role is active, in which account, for how long.
//!
//! Pure: the role, the clock's reading and the terminal's manners come in as values. Nothing a profile's name holds
//! reaches the terminal or the shell as anything but text.

mod markup;
mod template;
mod width;

use serde::Serialize;

use crate::identity::Color;

pub use markup::Markup;
pub use template::{Template, TemplateError};

use markup::Style;
use template::{Field, Piece};
use width::{cut, shown, width};

/// Less than this is left, in seconds: the segment warns.
pub const SOON: i64 = 600;
/// Less than this is left, in seconds: it warns again, and counts seconds.
pub const LAST: i64 = 120;

/// A name cut shorter than this, in columns, says nothing.
const LEAST_OF_A_NAME: usize = 3;

/// The active role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The profile.
    pub profile: String,
    /// Twelve digits, where known.
    pub account_id: Option<String>,
    /// What to call the account.
    pub alias: Option<String>,
    /// What the configuration wants it to look like.
    pub color: Option<Color>,
    /// Until the credentials end; not above zero once they have, none where nobody knows.
    pub seconds_left: Option<i64>,
}

/// How near the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// More than ten minutes, or nobody knows.
    Active,
    /// Ten minutes or less.
    Soon,
    /// Two minutes or less.
    Last,
    /// It is over.
    Expired,
}

/// Where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surface {
    /// Whether colours are wanted.
    pub color: bool,
    /// Whether other characters than ASCII are understood.
    pub unicode: bool,
    /// How colours are written.
    pub markup: Markup,
    /// Columns that it may take.
    pub room: Option<usize>,
}

impl Role {
    /// How near the end is.
    pub fn state(&self) -> State {
        match self.seconds_left {
            Some(left) if left <= 0 => State::Expired,
            Some(left) if left <= LAST => State::Last,
            Some(left) if left <= SOON => State::Soon,
            _ => State::Active,
        }
    }

    /// The configuration's colour; else red for production, else one by the account.
    pub fn color(&self) -> Color {
        if let Some(color) = self.color {
            return color;
        }
        if is_production(&self.profile) || self.alias.as_deref().is_some_and(is_production) {
            return Color::RED;
        }
        let name = self.account_id.as_deref().unwrap_or(&self.profile);
        // FNV-1a: the same colour on every machine.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Color::CALM[(hash >> 13) as usize % Color::CALM.len()]
    }

    fn account(&self) -> String {
        match (&self.alias, &self.account_id) {
            (Some(alias), _) => alias.clone(),
            (None, Some(id)) => id[id.len().saturating_sub(4)..].to_owned(),
            (None, None) => String::new(),
        }
    }

    /// `1h05m`, `52m`, `9m!`, `95s!!`, `expired`. The marks say it without a colour.
    fn left(&self) -> String {
        let Some(seconds) = self.seconds_left else { return String::new() };
        let minutes = seconds / 60;
        match self.state() {
            State::Expired => "expired".to_owned(),
            State::Last => format!("{seconds}s!!"),
            State::Soon => format!("{minutes}m!"),
            State::Active if minutes < 60 => format!("{minutes}m"),
            State::Active => format!("{}h{:02}m", minutes / 60, minutes % 60),
        }
    }
}

/// Whether a name is production's: holds `prod`, but not as `nonprod`, `non-prod` or `pre_prod`.
fn is_production(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.match_indices("prod").any(|(at, _)| {
        let before = name[..at].trim_end_matches(['-', '_', '.']);
        !before.ends_with("non") && !before.ends_with("pre")
    })
}

/// The segment as one line, without a line end. `template` is the person's own, where there is one; it is fitted by
/// a shorter profile only, the standard one by leaving the account out first. Empty where nothing fits.
pub fn text(role: &Role, template: Option<&Template>, surface: &Surface) -> String {
    let profile = shown(&role.profile, surface.unicode);
    let standard = [Template::standard(), Template::without_account()];
    let templates: Vec<&Template> = template.map_or_else(|| standard.iter().collect(), |own| vec![own]);
    let Some(room) = surface.room else { return render(role, &profile, templates[0], surface) };
    let whole = |template: &Template| template.width(role) + template.profiles() * width(&profile);
    if let Some(fitting) = templates.iter().find(|template| whole(template) <= room) {
        return render(role, &profile, fitting, surface);
    }
    for template in templates.iter().rev().filter(|template| template.profiles() > 0) {
        let (others, profiles) = (template.width(role), template.profiles());
        if others + LEAST_OF_A_NAME * profiles <= room {
            let profile = cut(&profile, (room - others) / profiles, surface.unicode);
            return render(role, &profile, template, surface);
        }
    }
    let time = Template::time_only();
    if template.is_none() && time.width(role) <= room { render(role, "", &time, surface) } else { String::new() }
}

/// The columns that the segment takes.
pub fn columns(role: &Role, template: Option<&Template>, surface: &Surface) -> usize {
    width(&text(role, template, &Surface { color: false, markup: Markup::Plain, ..*surface }))
}

fn render(role: &Role, profile: &str, template: &Template, surface: &Surface) -> String {
    let state = role.state();
    let base = match state {
        State::Expired => Style::Dim,
        _ => Style::Color(role.color()),
    };
    let mut out = markup::Writer::new(surface.markup, surface.color);
    let by_itself = !template.colors_itself();
    if by_itself {
        out.style(base);
    }
    for piece in &template.pieces {
        match piece {
            Piece::Text(text) => out.text(text),
            Piece::Field(Field::Color) => out.style(base),
            Piece::Field(Field::Reset) => out.reset(),
            Piece::Field(Field::Profile) => out.text(profile),
            Piece::Field(Field::Left) => {
                let warning = match state {
                    State::Soon => Some(Style::Color(Color::YELLOW)),
                    State::Last => Some(Style::Bold(Color::RED)),
                    State::Active | State::Expired => None,
                };
                let before = out.current();
                if let Some(warning) = warning {
                    out.style(warning);
                }
                out.text(&role.left());
                if warning.is_some() {
                    out.back_to(before);
                }
            }
            Piece::Field(field) => out.text(&value(role, *field)),
        }
    }
    out.finish()
}

fn value(role: &Role, field: Field) -> String {
    match field {
        Field::Account => role.account(),
        Field::AccountId => role.account_id.clone().unwrap_or_default(),
        Field::Left => role.left(),
        Field::Seconds => role.seconds_left.map(|left| left.max(0).to_string()).unwrap_or_default(),
        Field::State => match role.state() {
            State::Active => "active",
            State::Soon => "soon",
            State::Last => "last",
            State::Expired => "expired",
        }
        .to_owned(),
        Field::Profile | Field::Color | Field::Reset => String::new(),
    }
}

impl Template {
    /// The columns of all but the profile.
    fn width(&self, role: &Role) -> usize {
        let of = |piece: &Piece| match piece {
            Piece::Text(text) => width(text),
            Piece::Field(field) => width(&value(role, *field)),
        };
        self.pieces.iter().map(of).sum()
    }

    fn profiles(&self) -> usize {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::Field(Field::Profile))).count()
    }

    fn colors_itself(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Field(Field::Color)))
    }
}

/// The segment for programs. Fields are added, never changed.
#[derive(Debug, Serialize)]
struct Json<'a> {
    profile: &'a str,
    account_id: Option<&'a str>,
    account_alias: Option<&'a str>,
    seconds_left: Option<i64>,
    state: State,
    color: String,
}

/// The segment as one line of JSON; `null` where no role is active.
pub fn json(role: Option<&Role>) -> String {
    let value = role.map(|role| Json {
        profile: &role.profile,
        account_id: role.account_id.as_deref(),
        account_alias: role.alias.as_deref(),
        seconds_left: role.seconds_left,
        state: role.state(),
        color: role.color().to_string(),
    });
    // Texts and numbers only: there is nothing that could not be written.
    serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
mod tests;
