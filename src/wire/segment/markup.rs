//! How a colour is written, by who shows it.
//!
//! Shells count the columns of their prompt themselves, and must be told what takes none; what a profile's name
//! holds must not be taken for a colour, an expansion or a command.

use crate::identity::Color;

/// Who shows the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Markup {
    /// A terminal, or a program that knows its sequences (fish, PowerShell, starship).
    #[default]
    Plain,
    /// bash, in a variable that PS1 names: readline's own marks around what takes no column.
    Bash,
    /// zsh, in PROMPT: `%{…%}`, and a `%` doubled.
    Zsh,
    /// tmux, in a status line: `#[fg=…]`, and a `#` doubled.
    Tmux,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Color(Color),
    Bold(Color),
    Dim,
}

pub(super) struct Writer {
    out: String,
    markup: Markup,
    color: bool,
    current: Option<Style>,
}

impl Writer {
    pub(super) fn new(markup: Markup, color: bool) -> Self {
        Writer { out: String::with_capacity(128), markup, color, current: None }
    }

    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            self.out.push(c);
            if matches!((self.markup, c), (Markup::Zsh, '%') | (Markup::Tmux, '#')) {
                self.out.push(c);
            }
        }
    }

    pub(super) fn current(&self) -> Option<Style> {
        self.current
    }

    pub(super) fn style(&mut self, style: Style) {
        self.current = Some(style);
        if !self.color {
            return;
        }
        if self.markup == Markup::Tmux {
            match style {
                Style::Color(color) => self.out.push_str(&format!("#[default,fg={}]", tmux(color))),
                Style::Bold(color) => self.out.push_str(&format!("#[default,bold,fg={}]", tmux(color))),
                Style::Dim => self.out.push_str("#[default,dim]"),
            }
            return;
        }
        let codes = match style {
            Style::Color(color) => format!("\x1b[0;{}m", sgr(color)),
            Style::Bold(color) => format!("\x1b[0;1;{}m", sgr(color)),
            Style::Dim => "\x1b[0;2m".to_owned(),
        };
        self.unseen(&codes);
    }

    pub(super) fn reset(&mut self) {
        self.current = None;
        if !self.color {
            return;
        }
        match self.markup {
            Markup::Tmux => self.out.push_str("#[default]"),
            _ => self.unseen("\x1b[0m"),
        }
    }

    pub(super) fn back_to(&mut self, before: Option<Style>) {
        match before {
            Some(style) => self.style(style),
            None => self.reset(),
        }
    }

    pub(super) fn finish(mut self) -> String {
        if self.current.is_some() {
            self.reset();
        }
        self.out
    }

    fn unseen(&mut self, sequence: &str) {
        let (before, after) = match self.markup {
            Markup::Bash => ("\x01", "\x02"),
            Markup::Zsh => ("%{", "%}"),
            Markup::Plain | Markup::Tmux => ("", ""),
        };
        self.out.push_str(before);
        self.out.push_str(sequence);
        self.out.push_str(after);
    }
}

/// Select Graphic Rendition (ECMA-48, 8.3.117), and xterm's 256 and direct colours.
fn sgr(color: Color) -> String {
    match color {
        Color::Indexed(at @ 0..=7) => format!("3{at}"),
        Color::Indexed(at @ 8..=15) => format!("9{}", at - 8),
        Color::Indexed(at) => format!("38;5;{at}"),
        Color::Rgb(red, green, blue) => format!("38;2;{red};{green};{blue}"),
    }
}

fn tmux(color: Color) -> String {
    match color {
        Color::Indexed(at) => format!("colour{at}"),
        rgb @ Color::Rgb(..) => rgb.to_string(),
    }
}
