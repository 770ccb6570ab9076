//! What a person would still see on the terminal: the last state of the lines, after what was erased or written over.
//!
//! Understands what line-oriented programs send: carriage return, backspace, cursor moves, erasing; colours and
//! modes are passed over. Long lines are not wrapped, nor does anything scroll away.

/// The lines on the terminal after `bytes`, without trailing blanks.
pub fn display(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x08' => column = column.saturating_sub(1),
            '\x1b' if characters.peek() == Some(&'[') => {
                characters.next();
                let mut given = String::new();
                let mut last = ' ';
                for part in characters.by_ref() {
                    if ('@'..='~').contains(&part) {
                        last = part;
                        break;
                    }
                    given.push(part);
                }
                let number = given.parse::<usize>().ok();
                let count = number.unwrap_or(1).max(1);
                match last {
                    'A' | 'F' => row = row.saturating_sub(count),
                    'B' | 'E' => row += count,
                    'C' => column += count,
                    'D' => column = column.saturating_sub(count),
                    'G' => column = count - 1,
                    'K' => erase(&mut lines, row, column, number.unwrap_or(0)),
                    'J' => {
                        erase(&mut lines, row, column, number.unwrap_or(0));
                        match number.unwrap_or(0) {
                            0 => lines.truncate(row + 1),
                            1 => lines.iter_mut().take(row).for_each(Vec::clear),
                            _ => lines.clear(),
                        }
                    }
                    _ => {}
                }
                if matches!(last, 'E' | 'F') {
                    column = 0;
                }
            }
            '\x1b' => {
                characters.next();
            }
            printed if !printed.is_control() => {
                let line = line(&mut lines, row);
                while line.len() <= column {
                    line.push(' ');
                }
                line[column] = printed;
                column += 1;
            }
            _ => {}
        }
    }
    lines
        .iter()
        .map(|line| line.iter().collect::<String>().trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
        .trim_end()
        .to_owned()
}

fn line(lines: &mut Vec<Vec<char>>, row: usize) -> &mut Vec<char> {
    while lines.len() <= row {
        lines.push(Vec::new());
    }
    &mut lines[row]
}

/// 0: from the cursor to the end of its line, 1: from the start to the cursor, 2: all of it.
fn erase(lines: &mut Vec<Vec<char>>, row: usize, column: usize, which: usize) {
    let line = line(lines, row);
    match which {
        0 => line.truncate(column),
        1 => line.iter_mut().take(column + 1).for_each(|c| *c = ' '),
        _ => line.clear(),
    }
}

mod tests {
    use super::display;

    #[test]
    fn what_was_erased_or_written_over_is_gone() {
        for (sent, seen) in [
            ("plain\r\nlines\r\n", "plain\nlines"),
            ("code: 123456\r\x1b[Kdone", "done"),
            ("code: 123456\r\n\x1b[1A\x1b[2Kdone", "done"),
            ("ab\x08 \x08c", "ac"),
            ("one\r\ntwo\r\nthree\x1b[2F\x1b[J", ""),
            ("\x1b[1;31mred\x1b[0m\x1b[?2004h!", "red!"),
            ("12345\x1b[3D\x1b[1K", "   45"),
        ] {
            let shown = display(sent.as_bytes());
            assert_eq!(shown, seen, "{sent:?}");
        }
    }
}
