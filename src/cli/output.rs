//! Printing: data on stdout, messages on stderr, and nothing else in the program prints.

use std::io::{self, Write};

use crate::door::output;
use crate::identity::{Failure, Kind};
use crate::wire::SecretText;

/// Data for whoever reads stdout. Somebody who has stopped reading has what they wanted.
///
/// # Errors
/// Where it cannot be written, as on a full disk.
pub(super) fn data(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Secrets for whoever reads stdout: past the buffer of the standard library, which is not wiped.
///
/// # Errors
/// As [`data`].
pub(super) fn secret(text: &SecretText) -> Result<(), Failure> {
    written(output::put(text.expose().as_bytes()))
}

/// A secret of one line, with its line break.
///
/// # Errors
/// As [`data`].
pub(super) fn secret_line(text: &SecretText) -> Result<(), Failure> {
    written(output::put(text.expose().as_bytes()).and_then(|()| output::put(b"\n")))
}

/// A value that holds secrets as JSON, indented, with its line break.
///
/// # Errors
/// As [`data`].
pub(super) fn secret_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(Kind::Configuration, "the answer is not JSON").cause(error.to_string()))?;
    let text = zeroize::Zeroizing::new(text + "\n");
    written(output::put(text.as_bytes()))
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Kind::Configuration, "the answer cannot be written to stdout").cause(error.to_string()))
        }
        _ => Ok(()),
    }
}

/// A message for the person, a line of its own.
pub(super) fn say(message: &str) {
    // Nobody is left to be told that stderr does not work.
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// Rows under a head line, columns as wide as their widest cell, no trailing blanks.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let widths: Vec<usize> =
        (0..N).map(|column| rows.iter().map(|row| width(&row[column])).fold(width(head[column]), usize::max)).collect();
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width_of_column) in cells.iter().zip(&widths) {
            line.push_str(&shown(cell));
            line.extend(std::iter::repeat_n(' ', width_of_column - width(cell) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(head);
    for row in rows {
        line(std::array::from_fn(|column| row[column].as_str()));
    }
    text
}

/// Names come from files: control characters would move the cursor.
pub(super) fn shown(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// Time left as people say it: `40s`, `53m`, `1h05m`, `expired`.
pub(super) fn left(seconds: i64) -> String {
    match seconds {
        ..=0 => "expired".to_owned(),
        1..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A value as JSON, indented, with its line break.
///
/// # Errors
/// As [`data`].
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(Kind::Configuration, "the answer is not JSON").cause(error.to_string()))?;
    data(&(text + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_and_move_no_cursor() {
        let rows = [["prod".into(), "Admin".into()], ["a\x1b[2J".into(), String::new()]];
        assert_eq!(table(["PROFILE", "ROLE"], &rows), "PROFILE  ROLE\nprod     Admin\na?[2J\n");
    }

    #[test]
    fn time_left() {
        for (seconds, text) in [
            (-5, "expired"),
            (0, "expired"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h00m"),
            (43_200, "12h00m"),
        ] {
            assert_eq!(left(seconds), text);
        }
    }
}
