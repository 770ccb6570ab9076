//! The least a Rust program can be: what a process start costs before anything is done.
fn main() {
    println!("hello");
}
