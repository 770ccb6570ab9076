//! A strict AWS for tests: STS, the IAM calls that people's own keys need, and the console's sign-in, over
//! real HTTP on loopback.
//!
//! It verifies every signature, takes a code once, enforces trust conditions, durations and chains, answers in AWS's words,
//! fails on command, and records every call. It shares no code with the product.
#![allow(
    dead_code,
    reason = "compiled into the test suite and into the standalone simulator, and neither uses all of it"
)]

pub mod caller;
pub mod clock;
mod control;
pub mod demo;
mod encoding;
mod exchange;
pub mod faults;
pub mod http;
mod iam;
mod limits;
pub mod proxy;
mod s3;
pub mod server;
mod session_policy;
mod signin;
pub mod sigv4;
pub mod state;
mod sts;
pub mod totp;
mod trust;
pub mod world;
mod xml;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use faults::{Fault, Planned};
use server::{Connection, Shared, lock};
use state::{Call, State};
use world::World;

/// A running simulator; it ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts on a free port of 127.0.0.1.
    pub fn start(world: World) -> Self {
        Self::start_at(world, 0).expect("a port of loopback can be bound")
    }

    /// Starts on a given port, 0 for a free one.
    pub fn start_at(world: World, port: u16) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(State::new(world)));
        let (address, acceptor) = shared.listen((Ipv4Addr::LOCALHOST, port).into())?;
        Ok(Self { shared, address, acceptor: Some(acceptor) })
    }

    /// `http://127.0.0.1:PORT`, for STS, IAM and sign-in alike.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    /// Every call so far, in the order in which their fates were decided.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The calls of one operation.
    pub fn calls_of(&self, operation: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|c| c.operation == operation).collect()
    }

    /// Waits until an operation was called so many times; `false` if that takes longer than `limit`.
    pub fn wait_for_calls(&self, operation: &str, count: usize, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.calls_of(operation).len() < count {
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    /// Every TCP connection so far.
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.connections()
    }

    /// A code of the device that is taken now and was never used.
    ///
    /// # Panics
    /// If the device is unknown, or every code of the window is used: the message has the seconds to the next one.
    pub fn code_for(&self, serial: &str) -> String {
        self.try_code_for(serial).unwrap_or_else(|s| panic!("no unused code of {serial} for {s} s"))
    }

    /// The same; the error is the seconds until there is one, 0 for an unknown device.
    pub fn try_code_for(&self, serial: &str) -> Result<String, i64> {
        self.state().code_for(serial)
    }

    /// The code that [`Self::code_for`] would give is given no more, as if it had been used elsewhere.
    pub fn pass_over_code(&self, serial: &str) {
        self.state().pass_over_code(serial);
    }

    /// Six digits that the device does not show now or soon.
    ///
    /// # Panics
    /// If the device is unknown.
    pub fn wrong_code_for(&self, serial: &str) -> String {
        self.state().wrong_code_for(serial).expect("a device of the world")
    }

    /// Sets the simulated clock forward (or back), for expiry and for fresh codes.
    pub fn advance(&self, seconds: i64) {
        self.state().offset += seconds;
    }

    /// Seconds since 1970 by the simulated clock.
    pub fn now(&self) -> i64 {
        self.state().now()
    }

    /// Skews the Date header alone.
    pub fn skew_date(&self, seconds: i64) {
        self.state().date_skew = seconds;
    }

    /// Changes what exists, as an administrator would.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.state().world);
    }

    /// Secret and token of every session so far.
    pub fn secrets_issued(&self) -> Vec<(String, String)> {
        self.state().sessions.values().map(|session| (session.secret.clone(), session.token.clone())).collect()
    }

    /// Whether these temporary credentials exist and have not expired; gives the ARN they stand for.
    pub fn session_arn(&self, key_id: &str, secret: &str, token: &str) -> Option<String> {
        let state = self.state();
        let session = state.sessions.get(key_id)?;
        let good = session.secret == secret && session.token == token && session.expires > state.now();
        good.then(|| session.caller.arn(&state.world.partition))
    }

    /// Spoils the next call of an operation.
    pub fn fail_once(&self, operation: &str, fault: Fault) {
        self.fail_times(operation, fault, 1);
    }

    /// Spoils the next `times` calls of an operation.
    pub fn fail_times(&self, operation: &str, fault: Fault, times: u32) {
        self.plan(Planned { fault, operation: Some(operation.into()), times: Some(times) });
    }

    /// Spoils every call of an operation until [`Self::heal`].
    pub fn fail_always(&self, operation: &str, fault: Fault) {
        self.plan(Planned { fault, operation: Some(operation.into()), times: None });
    }

    /// Plans any fault.
    pub fn plan(&self, planned: Planned) {
        lock(&self.shared.faults).plan(planned);
    }

    /// Takes all faults back, also the delay before accepting.
    pub fn heal(&self) {
        lock(&self.shared.faults).clear();
        self.delay_accept(Duration::ZERO);
    }

    /// Waits before each connection is looked at; connections then queue.
    pub fn delay_accept(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.shared.accept_delay.store(millis, Ordering::SeqCst);
    }

    /// From now on connections are refused, and those that are open end.
    pub fn refuse(&mut self) {
        if let Some(acceptor) = self.acceptor.take() {
            self.shared.stop(self.address, acceptor);
        }
    }

    /// Listens again, at the same port.
    pub fn resume(&mut self) -> io::Result<()> {
        // Meanwhile somebody's outgoing connection may have been given the port; such are short.
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while self.acceptor.is_none() {
            match self.shared.listen(self.address) {
                Ok((_, acceptor)) => self.acceptor = Some(acceptor),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && std::time::Instant::now() < patience => {
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.refuse();
    }
}
