//! The listening socket and its connections: a thread for each, keep-alive, and the faults that are made of sockets.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;
use socket2::{Domain, SockRef, Socket, Type};

use super::faults::{Fault, Faults};
use super::http::{self, Answer, Request};
use super::state::State;
use super::{clock, control, exchange, signin};

/// A TCP connection as it was seen; those of the control interface are left out.
#[derive(Clone, Debug, Serialize)]
pub struct Connection {
    pub id: u64,
    /// Requests that came over it.
    pub requests: u32,
    pub open: bool,
}

/// What all threads share.
#[derive(Debug)]
pub struct Shared {
    pub state: Mutex<State>,
    pub faults: Mutex<Faults>,
    connections: Mutex<BTreeMap<u64, Connection>>,
    streams: Mutex<HashMap<u64, Arc<TcpStream>>>,
    /// Milliseconds before a connection is looked at.
    pub accept_delay: AtomicU64,
    next: AtomicU64,
    stopping: AtomicBool,
}

/// A lock that a panicking test thread cannot poison for the others.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            faults: Mutex::default(),
            connections: Mutex::default(),
            streams: Mutex::default(),
            accept_delay: AtomicU64::new(0),
            next: AtomicU64::new(1),
            stopping: AtomicBool::new(false),
        }
    }

    pub fn connections(&self) -> Vec<Connection> {
        lock(&self.connections).values().cloned().collect()
    }

    /// Takes no more connections and ends those that are there.
    pub fn stop(&self, address: SocketAddr, acceptor: JoinHandle<()>) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; if this fails it has ended already.
        drop(TcpStream::connect(address));
        drop(acceptor.join());
        for stream in lock(&self.streams).values() {
            drop(stream.shutdown(Shutdown::Both));
        }
        self.stopping.store(false, Ordering::SeqCst);
    }

    /// Listens at the address and serves from threads of its own.
    pub fn listen(self: &Arc<Self>, address: SocketAddr) -> io::Result<(SocketAddr, JoinHandle<()>)> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        // Hundreds of clients may connect in one moment; a full queue would cost them a second each.
        socket.listen(4096)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        let shared = Arc::clone(self);
        Ok((address, thread::Builder::new().name("simulator".into()).spawn(move || shared.accept(&listener))?))
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            let Ok((stream, _)) = accepted else {
                // Out of descriptors, or the client is gone already: neither is for ever.
                thread::sleep(Duration::from_millis(5));
                continue;
            };
            thread::sleep(Duration::from_millis(self.accept_delay.load(Ordering::SeqCst)));
            let id = self.next.fetch_add(1, Ordering::SeqCst);
            let stream = Arc::new(stream);
            lock(&self.connections).insert(id, Connection { id, requests: 0, open: true });
            lock(&self.streams).insert(id, Arc::clone(&stream));
            let shared = Arc::clone(self);
            let thread = thread::Builder::new().stack_size(512 << 10).spawn(move || {
                // A client that vanishes in the middle is no failure of the simulator.
                drop(shared.serve(id, &stream));
                lock(&shared.streams).remove(&id);
                drop(stream);
                if let Some(connection) = lock(&shared.connections).get_mut(&id) {
                    connection.open = false;
                }
            });
            drop(thread);
        }
    }

    fn serve(&self, id: u64, mut out: &TcpStream) -> io::Result<()> {
        out.set_nodelay(true)?;
        let mut reader = BufReader::new(out);
        loop {
            if reader.buffer().is_empty() && out.peek(&mut [0])? == 0 {
                return Ok(());
            }
            if lock(&self.faults).strikes_before_reading() {
                return reset(out);
            }
            let request = match http::read(&mut reader) {
                Ok(Some(request)) => request,
                Ok(None) => return Ok(()),
                Err(error) => {
                    let answer = Answer::new(400, "text/plain", error.to_string());
                    return out.write_all(&answer.bytes(&self.date()));
                }
            };
            if request.path().starts_with("/_simulator/") {
                lock(&self.connections).remove(&id);
                out.write_all(&control::answer(self, &request).bytes(&self.date()))?;
            } else {
                if let Some(connection) = lock(&self.connections).get_mut(&id) {
                    connection.requests += 1;
                }
                if signin::is_for(&request) {
                    let answer = signin::answer(self, id, &request);
                    out.write_all(&answer.bytes(&self.date()))?;
                } else if !self.exchange(id, &request, out)? {
                    return Ok(());
                }
            }
            if request.closes() {
                return Ok(());
            }
        }
    }

    fn date(&self) -> String {
        let state = lock(&self.state);
        clock::http(state.now() + state.date_skew)
    }

    /// One call with its fault, if any; `false` if the connection is not to be used again.
    fn exchange(&self, id: u64, request: &Request, mut out: &TcpStream) -> io::Result<bool> {
        let exchange::Reply { answer, fault, wait } = exchange::reply(self, id, request);
        // The work is done and recorded: a client that gives up now has used its code.
        thread::sleep(wait);
        let bytes = answer.bytes(&self.date());
        match fault {
            Some(Fault::ResetAfterReading | Fault::ResetAfterHandling) => reset(out).map(|()| false),
            Some(Fault::Close) => out.shutdown(Shutdown::Both).map(|()| false),
            Some(Fault::Silence) => io::copy(&mut out, &mut io::sink()).map(|_| false),
            Some(Fault::HalfBody) => {
                out.write_all(&bytes[..bytes.len() - answer.body.len() / 2])?;
                out.shutdown(Shutdown::Both).map(|()| false)
            }
            _ => out.write_all(&bytes).map(|()| true),
        }
    }
}

/// Closes so that the client gets a reset, not an end.
fn reset(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
