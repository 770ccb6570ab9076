//! Every whole-program test, in one binary so that it is linked once.

#[path = "../simulator/mod.rs"]
mod simulator;
mod simulator_itself;
