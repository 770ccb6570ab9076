//! The index of source keys: one small file a source, so that looking one up costs the same with one and with a
//! thousand, and two processes that add different keys never meet. No secret is in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use super::owner::{failed, quoted};
use super::places::Places;
use super::spelling::{decode, encode};
use crate::identity::{AccessKeyId, Failure, Kind, SourceFacts};
use crate::port::{Held, SourceIndex};
use crate::profile::SourceLookup;

/// The format that this program writes.
const VERSION: u32 = 1;
const PLAINTEXT: &str = "plaintext-";
const SUFFIX: &str = ".json";

/// The index, in the folder of [`Places::sources_dir`].
#[derive(Debug, Clone)]
pub struct Index {
    folder: PathBuf,
    /// An empty file for each key that is on its way in or out.
    notes: PathBuf,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(flatten)]
    facts: &'a SourceFacts,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Index {
    /// Touches nothing yet.
    pub fn new(places: &Places) -> Self {
        Index { folder: places.sources_dir(), notes: places.unsettled_dir() }
    }

    fn notes_lock(&self) -> Result<File, Failure> {
        files::ensure_dir(&self.notes)?;
        files::open_kept(&self.notes.join(".lock"), false).map_err(Failure::from)
    }

    fn source_file(&self, name: &str) -> PathBuf {
        let encoded = encode(name);
        // A source may be called what the file of a plaintext key is called.
        let encoded = if encoded.starts_with(PLAINTEXT) { format!("%70{}", &encoded[1..]) } else { encoded };
        self.folder.join(encoded + SUFFIX)
    }

    fn plaintext_file(&self, id: &AccessKeyId) -> PathBuf {
        self.folder.join(format!("{PLAINTEXT}{id}{SUFFIX}"))
    }

    fn write(path: &Path, facts: &SourceFacts) -> Result<(), Failure> {
        let mut bytes = serde_json::to_vec(&Written { version: VERSION, facts }).map_err(|e| broken(path, &e))?;
        bytes.push(b'\n');
        files::write_own(path, &bytes)
    }

    fn source_names(&self) -> Result<Vec<String>, Failure> {
        let source = |file: String| {
            let encoded = file.strip_suffix(SUFFIX)?;
            if encoded.starts_with(PLAINTEXT) { None } else { decode(encoded) }
        };
        let mut names: Vec<_> = files::names_in(&self.folder)?.into_iter().filter_map(source).collect();
        names.sort();
        Ok(names)
    }
}

impl SourceLookup for Index {
    fn added(&self, name: &str) -> Result<Option<SourceFacts>, Failure> {
        let path = self.source_file(name);
        match read(&path)? {
            Some(facts) if facts.name != name => Err(broken(&path, &format!("it describes `{}`", facts.name))),
            facts => Ok(facts),
        }
    }

    fn plaintext(&self, id: &AccessKeyId) -> Result<Option<SourceFacts>, Failure> {
        let path = self.plaintext_file(id);
        match read(&path)? {
            Some(facts) if facts.access_key_id != *id => {
                Err(broken(&path, &format!("it describes the key {}", facts.access_key_id)))
            }
            facts => Ok(facts),
        }
    }

    fn names(&self) -> Vec<String> {
        self.source_names().unwrap_or_default()
    }
}

impl SourceIndex for Index {
    fn all(&self) -> Result<Vec<SourceFacts>, Failure> {
        self.source_names()?.iter().filter_map(|name| self.added(name).transpose()).collect()
    }

    fn put(&self, facts: &SourceFacts) -> Result<(), Failure> {
        Self::write(&self.source_file(&facts.name), facts)
    }

    fn put_plaintext(&self, facts: &SourceFacts) -> Result<(), Failure> {
        Self::write(&self.plaintext_file(&facts.access_key_id), facts)
    }

    fn remove(&self, name: &str) -> Result<bool, Failure> {
        files::remove_own(&self.source_file(name))
    }

    fn unsettle(&self, ids: &[&AccessKeyId]) -> Result<Box<dyn Held>, Failure> {
        let file = self.notes_lock()?;
        // Nobody has it alone for longer than it takes to delete a secret.
        file.lock_shared().map_err(|error| failed("lock", &self.notes, &error))?;
        for id in ids {
            files::write_own(&self.notes.join(id.as_str()), b"")?;
        }
        Ok(Box::new(NotesLock { _file: file }))
    }

    fn unsettled(&self) -> Option<(Vec<AccessKeyId>, Box<dyn Held>)> {
        let file = self.notes_lock().ok()?;
        file.try_lock().ok()?;
        let names = files::names_in(&self.notes).ok()?;
        let ids = names.iter().filter_map(|name| name.parse().ok()).collect();
        Some((ids, Box::new(NotesLock { _file: file })))
    }

    fn settle(&self, id: &AccessKeyId) {
        if let Err(failure) = files::remove_own(&self.notes.join(id.as_str())) {
            log::debug!("{failure}");
        }
    }
}

/// Held by those who store keys together, and by whoever deletes what is left behind alone.
#[derive(Debug)]
struct NotesLock {
    _file: File,
}

impl Held for NotesLock {}

fn read(path: &Path) -> Result<Option<SourceFacts>, Failure> {
    let Some(bytes) = files::read_own(path)? else { return Ok(None) };
    let Version { version } = serde_json::from_slice(&bytes).map_err(|e| broken(path, &e))?;
    if version != VERSION {
        return Err(Failure::new(Kind::Configuration, format!("cannot read {}", path.display()))
            .cause(format!("it is of version {version}, and this role-helper knows version {VERSION}"))
            .hint("use the newer role-helper that wrote it"));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|e| broken(path, &e))
}

fn broken(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Kind::Configuration, format!("{} is damaged", path.display()))
        .cause(why.to_string())
        .hint(format!("rm {}, then role-helper add the key again", quoted(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(folder: &Path) -> Index {
        Index { folder: folder.join("sources"), notes: folder.join("unsettled") }
    }

    fn facts(name: &str) -> SourceFacts {
        SourceFacts {
            name: name.into(),
            user_arn: "arn:aws:iam::111122223333:user/division/alice".parse().unwrap(),
            access_key_id: "AKIAIOSFODNN7EXAMPLE".parse().unwrap(),
            mfa_serial: Some("arn:aws:iam::111122223333:mfa/alice".parse().unwrap()),
            added: "2026-11-23T12:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn what_is_put_is_found_listed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let index = index(folder.path());
        assert_eq!(index.all().unwrap(), []);
        for name in ["alice", "../bob", "plaintext-AKIAIOSFODNN7EXAMPLE"] {
            index.put(&facts(name)).unwrap();
            assert_eq!(index.added(name).unwrap().unwrap(), facts(name));
        }
        let id = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        assert_eq!(index.plaintext(&id).unwrap(), None);
        index.put_plaintext(&facts("default")).unwrap();
        assert_eq!(index.plaintext(&id).unwrap().unwrap().name, "default");
        assert_eq!(index.names(), ["../bob", "alice", "plaintext-AKIAIOSFODNN7EXAMPLE"]);
        assert_eq!(index.all().unwrap().len(), 3);
        assert!(index.remove("alice").unwrap());
        assert!(!index.remove("alice").unwrap());
        assert_eq!(index.added("alice").unwrap(), None);
    }

    #[test]
    fn notes_are_seen_by_nobody_while_a_key_is_stored() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, others) = (index(folder.path()), index(folder.path()));
        let ids = ["AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPL2"].map(|id| id.parse().unwrap());
        let storing = mine.unsettle(&[&ids[0]]).unwrap();
        let also = others.unsettle(&[&ids[1]]).unwrap();
        assert!(others.unsettled().is_none());
        drop((storing, also));
        let (mut noted, alone) = others.unsettled().unwrap();
        noted.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        assert_eq!(noted, [ids[1].clone(), ids[0].clone()]);
        assert!(mine.unsettled().is_none());
        drop(alone);
        mine.settle(&ids[0]);
        assert_eq!(mine.unsettled().unwrap().0, [ids[1].clone()]);
        assert!(mine.names().is_empty());
    }

    #[test]
    fn a_broken_or_newer_file_is_named_with_its_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let index = index(folder.path());
        let path = index.source_file("alice");
        for torn in ["", "{", "{\"version\":1}", "[]", "\0\0\0"] {
            files::write_own(&path, torn.as_bytes()).unwrap();
            let failure = index.added("alice").unwrap_err();
            assert!(failure.what().contains("alice.json is damaged"), "{torn}: {failure}");
            assert!(failure.hint_text().unwrap().starts_with("rm /"), "{failure}");
        }
        files::write_own(&path, b"{\"version\":2,\"name\":7}").unwrap();
        assert!(index.added("alice").unwrap_err().to_string().contains("version 2"));
        index.put(&facts("bob")).unwrap();
        std::fs::copy(index.source_file("bob"), &path).unwrap();
        assert!(index.added("alice").unwrap_err().to_string().contains("describes `bob`"));
    }
}
