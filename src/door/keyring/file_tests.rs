//! The file keyring with real files, locks, key stretching and the real kernel keyring. The person has a script.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;

use super::*;
use crate::identity::{SecretString, TokenCode};
use crate::port::{Confirmation, Question};

/// Answers from a list and keeps the questions.
#[derive(Default)]
struct Scripted {
    answers: RefCell<VecDeque<Result<&'static str, PromptError>>>,
    asked: RefCell<Vec<(bool, Option<String>)>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Result<&'static str, PromptError>>) -> Self {
        Scripted { answers: RefCell::new(answers.into_iter().collect()), asked: RefCell::default() }
    }

    fn questions(&self) -> usize {
        self.asked.borrow().len()
    }
}

impl Person for Scripted {
    fn token_code(&self, _: &Question<'_>) -> Result<TokenCode, PromptError> {
        panic!("a keyring asks for no code")
    }

    fn secret(&self, question: &SecretQuestion<'_>) -> Result<SecretString, PromptError> {
        self.asked.borrow_mut().push((question.twice, question.note.clone()));
        let nobody = || Err(PromptError::Unreachable("no terminal".to_owned()));
        self.answers.borrow_mut().pop_front().unwrap_or_else(nobody).map(SecretString::from)
    }

    fn confirm(&self, _: &Confirmation) -> Result<bool, PromptError> {
        panic!("a keyring asks for no yes")
    }

    fn tell(&self, _: &str) {}
}

struct Home {
    folder: tempfile::TempDir,
    kernel: KernelKeyring,
}

impl Home {
    fn new() -> Home {
        let folder = tempfile::tempdir().unwrap();
        let kernel = KernelKeyring::new(&folder.path().to_string_lossy().replace('/', "-"));
        Home { folder, kernel }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keyring")
    }

    fn keyring<'a>(&self, person: &'a dyn Person) -> FileKeyring<'a> {
        self.with(person, None)
    }

    fn with<'a>(&self, person: &'a dyn Person, source: Option<PassphraseSource>) -> FileKeyring<'a> {
        let wrap_file = self.folder.path().join("wrap");
        FileKeyring::new(self.path(), wrap_file, source, PromptMode::Auto, person, self.kernel.clone())
    }

    fn passphrase(&self, passphrase: &str) -> Option<PassphraseSource> {
        let path = self.folder.path().join(format!("passphrase-{passphrase}"));
        files::write_own(&path, passphrase.as_bytes()).unwrap();
        Some(PassphraseSource::File(path))
    }

    fn forget_kernel_copy(&self) {
        let _ = self.kernel.forget(kernel::FILE_KEYRING);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.forget_kernel_copy();
    }
}

fn key(number: u32) -> Item {
    Item::AccessKey(format!("AKIAIOSFODNN7EX{number:05}").parse().unwrap())
}

fn secret(text: &str) -> SecretBytes {
    text.as_bytes().to_vec().into()
}

fn text(value: Result<Option<SecretBytes>, KeyStoreError>) -> Option<String> {
    value.unwrap().map(|secret| String::from_utf8(secret.expose_secret().to_vec()).unwrap())
}

#[test]
fn the_first_put_asks_twice_and_the_kernel_spares_the_next_question() {
    let home = Home::new();
    let person = Scripted::new([Ok("open sesame")]);
    let first = home.keyring(&person);
    assert_eq!(text(first.get(&key(1))), None);
    assert!(!first.delete(&key(1)).unwrap());
    assert_eq!(person.questions(), 0, "nothing is asked where nothing is kept");
    first.put(&key(1), &secret("one")).unwrap();
    first.put(&Item::DataKey, &secret("two")).unwrap();
    assert_eq!(*person.asked.borrow(), [(true, None)]);

    let nobody = Scripted::default();
    let second = home.keyring(&nobody);
    assert_eq!(text(second.get(&key(1))).as_deref(), Some("one"));
    assert_eq!(text(second.get(&Item::DataKey)).as_deref(), Some("two"));
    assert_eq!(nobody.questions(), 0);
    assert!(second.delete(&key(1)).unwrap());
    assert!(!second.delete(&key(1)).unwrap());

    home.forget_kernel_copy();
    let person = Scripted::new([Ok("open sesame")]);
    let third = home.keyring(&person);
    assert_eq!(text(third.get(&key(1))), None);
    assert_eq!(text(third.get(&Item::DataKey)).as_deref(), Some("two"));
    assert_eq!(*person.asked.borrow(), [(false, None)], "asked once a process at most");
}

#[test]
fn a_wrong_passphrase_is_asked_again_twice() {
    let home = Home::new();
    home.with(&Scripted::default(), home.passphrase("right")).put(&key(1), &secret("one")).unwrap();
    home.forget_kernel_copy();
    let person = Scripted::new([Ok("wrong"), Ok("wrong"), Ok("right")]);
    assert_eq!(text(home.keyring(&person).get(&key(1))).as_deref(), Some("one"));
    assert!(person.asked.borrow()[1].1.is_some(), "the person is told that it was wrong");

    home.forget_kernel_copy();
    let person = Scripted::new([Ok("wrong"), Ok("wrong"), Ok("wrong"), Ok("right")]);
    let error = home.keyring(&person).get(&key(1)).unwrap_err();
    assert!(matches!(error, KeyStoreError::WrongPassphrase(_)), "{error:?}");
    assert_eq!(person.questions(), 3);
}

#[test]
fn a_passphrase_file_makes_the_store_and_must_be_the_right_one() {
    let home = Home::new();
    let nobody = Scripted::default();
    home.with(&nobody, home.passphrase("right")).put(&key(1), &secret("one")).unwrap();
    assert_eq!(text(home.with(&nobody, home.passphrase("right")).get(&key(1))).as_deref(), Some("one"));
    let error = home.with(&nobody, home.passphrase("wrong")).get(&key(1)).unwrap_err();
    assert!(matches!(error, KeyStoreError::WrongPassphrase(_)), "{error:?}");
    assert_eq!(error.failure("x").kind().exit_code(), 5);
    assert_eq!(nobody.questions(), 0);
}

#[test]
fn each_way_of_not_answering_has_its_own_error() {
    let home = Home::new();
    home.with(&Scripted::default(), home.passphrase("right")).put(&key(1), &secret("one")).unwrap();
    home.forget_kernel_copy();
    for (answer, code) in [
        (Err(PromptError::Unreachable("no terminal".into())), 4),
        (Err(PromptError::TimedOut { seconds: 300 }), 4),
        (Err(PromptError::Declined), 1),
        (Ok(""), 1),
        (Err(PromptError::Interrupted), 130),
    ] {
        let person = Scripted::new([answer.clone()]);
        let error = home.keyring(&person).get(&key(1)).unwrap_err();
        assert_eq!(error.failure("x").kind().exit_code(), code, "{answer:?}: {error:?}");
        assert_eq!(person.questions(), 1);
    }
}

#[test]
fn what_cannot_be_read_is_never_overwritten() {
    let home = Home::new();
    home.with(&Scripted::default(), home.passphrase("right")).put(&key(1), &secret("one")).unwrap();
    let good = std::fs::read(home.path()).unwrap();
    let mut changed = good.clone();
    changed[good.len() / 2] ^= 1;
    let newer = b"{\"role_helper_keyring\":9}".to_vec();
    for bad in [Vec::new(), good[..good.len() / 2].to_vec(), changed, newer, b"somebody's notes".to_vec()] {
        files::write_own(&home.path(), &bad).unwrap();
        let nobody = Scripted::default();
        let keyring = home.with(&nobody, home.passphrase("right"));
        for error in [keyring.get(&key(1)).unwrap_err(), keyring.put(&key(1), &secret("x")).unwrap_err()] {
            assert!(matches!(error, KeyStoreError::Broken(_)), "{error:?}");
            assert!(error.failure("x").hint_text().is_some_and(|hint| !hint.is_empty()));
        }
        assert!(keyring.delete(&key(1)).is_err());
        assert_eq!(std::fs::read(home.path()).unwrap(), bad);
    }
}

#[test]
fn writers_at_the_same_time_lose_no_item() {
    let home = Home::new();
    let source = home.passphrase("right");
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let (home, source) = (&home, source.clone());
            scope.spawn(move || {
                let nobody = Scripted::default();
                let keyring = home.with(&nobody, source);
                for number in 0..5 {
                    keyring.put(&key(writer * 10 + number), &secret("kept")).unwrap();
                }
            });
        }
    });
    let nobody = Scripted::default();
    let keyring = home.with(&nobody, source);
    for writer in 0..6 {
        for number in 0..5 {
            assert_eq!(text(keyring.get(&key(writer * 10 + number))).as_deref(), Some("kept"));
        }
    }
}

#[test]
fn a_replaced_keyring_is_not_opened_by_the_old_one_s_key() {
    let home = Home::new();
    let person = Scripted::new([Ok("old")]);
    let keyring = home.keyring(&person);
    keyring.put(&key(1), &secret("one")).unwrap();
    std::fs::remove_file(home.path()).unwrap();
    home.with(&Scripted::default(), home.passphrase("new")).put(&key(2), &secret("two")).unwrap();
    // The process that knew the old key finds the new one in the kernel and goes on.
    keyring.put(&key(3), &secret("three")).unwrap();
    let nobody = Scripted::default();
    let keyring = home.with(&nobody, home.passphrase("new"));
    assert_eq!(text(keyring.get(&key(1))), None);
    assert_eq!(text(keyring.get(&key(2))).as_deref(), Some("two"));
    assert_eq!(text(keyring.get(&key(3))).as_deref(), Some("three"));
}

#[test]
fn nothing_beside_the_keyring_holds_a_secret_in_the_clear() {
    let home = Home::new();
    home.with(&Scripted::default(), home.passphrase("right")).put(&key(1), &secret("wJalrXUtnFEMI")).unwrap();
    for entry in std::fs::read_dir(home.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!has(b"wJalrXUtnFEMI") && !has(b"d0phbHJYVXRuRkVNS"));
    }
}

#[test]
fn a_lock_that_cannot_be_had_is_no_reason_not_to_read() {
    let home = Home::new();
    home.with(&Scripted::default(), home.passphrase("right")).put(&key(1), &secret("one")).unwrap();
    for lock in ["keyring.unlock.lock", "keyring.lock"] {
        std::fs::remove_file(home.folder.path().join(lock)).unwrap();
        std::fs::create_dir(home.folder.path().join(lock)).unwrap();
    }
    let nobody = Scripted::default();
    let keyring = home.with(&nobody, home.passphrase("right"));
    assert_eq!(text(keyring.get(&key(1))).as_deref(), Some("one"));
    assert!(matches!(keyring.put(&key(2), &secret("two")), Err(KeyStoreError::Broken(_))));
}
