//! One word for a shell, so that the shell reads exactly the value and nothing of it as a command.

/// Appends a value quoted for one kind of reader, a character at a time.
pub type Quote = fn(&str, &mut dyn FnMut(&str));

/// For sh, bash, zsh, dash, ksh: single quotes, inside which nothing but a single quote is special (POSIX Shell
/// Command Language, 2.2.2).
pub fn posix(value: &str, out: &mut dyn FnMut(&str)) {
    quoted(value, out, |c| if c == '\'' { Some("'\\''") } else { None });
}

/// For fish: single quotes, inside which `\` and `'` are escaped by `\` (fish, "Quotes").
pub fn fish(value: &str, out: &mut dyn FnMut(&str)) {
    quoted(value, out, |c| match c {
        '\'' => Some("\\'"),
        '\\' => Some("\\\\"),
        _ => None,
    });
}

/// For PowerShell: single quotes, a quote doubled. It takes typographic quotes for plain ones
/// (about_Quoting_Rules; `CharExtensions.IsSingleQuote` in its source).
pub fn powershell(value: &str, out: &mut dyn FnMut(&str)) {
    quoted(value, out, |c| match c {
        '\'' => Some("''"),
        '\u{2018}' => Some("\u{2018}\u{2018}"),
        '\u{2019}' => Some("\u{2019}\u{2019}"),
        '\u{201a}' => Some("\u{201a}\u{201a}"),
        '\u{201b}' => Some("\u{201b}\u{201b}"),
        _ => None,
    });
}

/// For `.env` files, whose readers agree on nothing but bare words: Docker takes quotes literally, others expand
/// `$` and cut at `#`. Values of any other characters are not written.
pub fn is_dotenv_word(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./:@=+,-".contains(&b))
}

fn quoted(value: &str, out: &mut dyn FnMut(&str), special: fn(char) -> Option<&'static str>) {
    out("'");
    for c in value.chars() {
        match special(c) {
            Some(text) => out(text),
            None => out(c.encode_utf8(&mut [0; 4])),
        }
    }
    out("'");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const HOSTILE: [&str; 12] = [
        "",
        "plain",
        "it's",
        "'; echo broken; '",
        "$(id) `id` ${HOME} $HOME",
        "a\\",
        "\\'",
        "line\nbreak\ttab\r",
        "\"double\" 'single' \\\\ back",
        "* ? [a] {b,c} ~ # ! & | ; < >",
        "‘curly’ ‚low‛",
        "--flag é 😀",
    ];

    fn word(quote: Quote, value: &str) -> String {
        let mut text = String::new();
        quote(value, &mut |part| text.push_str(part));
        text
    }

    fn says_back(program: &str, script: &str) -> Option<Vec<u8>> {
        let output = match Command::new(program).arg("-c").arg(script).output() {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("{program} is not here: not tried");
                return None;
            }
            Err(error) => panic!("{program}: {error}"),
        };
        assert!(output.status.success(), "{program} {script}: {}", String::from_utf8_lossy(&output.stderr));
        Some(output.stdout)
    }

    #[test]
    fn posix_shells_read_back_the_very_value() {
        for shell in ["sh", "bash", "dash", "zsh"] {
            for value in HOSTILE {
                if let Some(said) = says_back(shell, &format!("v={}; printf %s \"$v\"", word(posix, value))) {
                    assert_eq!(String::from_utf8_lossy(&said), value, "{shell}");
                }
            }
        }
    }

    #[test]
    fn fish_reads_back_the_very_value() {
        for value in HOSTILE {
            if let Some(said) = says_back("fish", &format!("set v {}; printf %s \"$v\"", word(fish, value))) {
                assert_eq!(String::from_utf8_lossy(&said), value);
            }
        }
    }

    #[test]
    fn powershell_quotes_are_doubled_the_typographic_ones_too() {
        assert_eq!(word(powershell, "it's"), "'it''s'");
        assert_eq!(word(powershell, "‘a’"), "'‘‘a’’'");
        assert_eq!(word(powershell, "$x `n \\"), "'$x `n \\'");
        for value in HOSTILE {
            let script = format!("[Console]::Out.Write({})", word(powershell, value));
            if let Some(said) = says_back("pwsh", &script) {
                assert_eq!(String::from_utf8_lossy(&said), value);
            }
        }
    }

    #[test]
    fn only_bare_words_go_to_dotenv_files() {
        assert!(is_dotenv_word("FwoG/+abc==") && is_dotenv_word("2026-11-23T20:01:02Z"));
        for bad in ["a b", "a#b", "$x", "a'b", "a\"b", "a\nb", "a\\b", "é"] {
            assert!(!is_dotenv_word(bad), "{bad}");
        }
    }
}
