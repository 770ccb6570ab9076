//! What was once found by fuzzing stays found.

use crate::targets::{TARGETS, corpus};

#[test]
fn every_seed_and_every_find_is_read_as_it_should_be() {
    for target in TARGETS {
        let seeds = corpus(target.name);
        assert!(!seeds.is_empty(), "{}: no corpus", target.name);
        for (name, bytes) in seeds {
            println!("{}/{name}", target.name);
            (target.run)(&bytes);
        }
        for bytes in (target.seeds)() {
            assert!((target.run)(&bytes).is_some(), "{}: a seed of its own is no input", target.name);
        }
    }
}
