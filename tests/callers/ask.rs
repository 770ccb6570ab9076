//! Asks through the door to a person and prints what came of it: the program that the tests of prompts run at a
//! terminal of theirs. `ask code|secret|twice|confirm|tell [MODE [SECONDS [MFA_PROCESS]]]`

use std::time::Duration;

use role_helper::door::person::Asker;
use role_helper::identity::ExposeSecret;
use role_helper::port::{Confirmation, Person, PromptError, Question, SecretQuestion};
use role_helper::profile::PromptMode;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |n: usize| arguments.get(n).map(String::as_str);
    let mode = match argument(1) {
        Some("tty") => PromptMode::Tty,
        Some("pinentry") => PromptMode::Pinentry,
        Some("gui") => PromptMode::Gui,
        Some("none") => PromptMode::None,
        _ => PromptMode::Auto,
    };
    let deadline = Duration::from_secs_f64(argument(2).and_then(|text| text.parse().ok()).unwrap_or(20.0));
    let asker = Asker::here();
    let purpose = "role Admin in account 222233334444 as alice".to_owned();
    let secret = |twice| {
        let purpose = purpose.clone();
        let question = SecretQuestion { purpose, label: "Passphrase:", note: None, twice, mode, deadline };
        asker.secret(&question).map(|secret| secret.expose_secret().to_owned())
    };
    let answer: Result<String, PromptError> = match argument(0) {
        Some("code") => {
            let serial = "arn:aws:iam::111122223333:mfa/alice".parse().unwrap();
            let question = Question {
                serial: &serial,
                purpose,
                notes: vec!["the code before was wrong".to_owned()],
                mode,
                mfa_process: argument(3),
                remedy: "run role-helper login prod".to_owned(),
                deadline,
            };
            asker.token_code(&question).map(|code| code.expose().to_owned())
        }
        Some("secret") => secret(false),
        Some("twice") => secret(true),
        Some("confirm") => asker.confirm(&Confirmation { purpose, mode, deadline }).map(|yes| yes.to_string()),
        Some("tell") => {
            asker.tell("waiting for another process");
            Ok("told".to_owned())
        }
        other => panic!("{other:?} is no question"),
    };
    match answer {
        Ok(answer) => println!("answer {answer}"),
        Err(error) => {
            println!("{error:?}");
            std::process::exit(1);
        }
    }
}
