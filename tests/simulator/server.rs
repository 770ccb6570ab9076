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
use super::limits::Params;
use super::state::{Call, Denial, State};
use super::xml::{self, Service};
use super::{clock, control, iam, sts};

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
    pub fn listen(
        self: &Arc<Self>,
        address: SocketAddr,
    ) -> io::Result<(SocketAddr, JoinHandle<()>)> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        // Hundreds of clients may connect in one moment; a full queue would cost them a second each.
        socket.listen(4096)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        let shared = Arc::clone(self);
        Ok((
            address,
            thread::Builder::new()
                .name("simulator".into())
                .spawn(move || shared.accept(&listener))?,
        ))
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
            thread::sleep(Duration::from_millis(
                self.accept_delay.load(Ordering::SeqCst),
            ));
            let id = self.next.fetch_add(1, Ordering::SeqCst);
            let stream = Arc::new(stream);
            lock(&self.connections).insert(
                id,
                Connection {
                    id,
                    requests: 0,
                    open: true,
                },
            );
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
                if !self.exchange(id, &request, out)? {
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
        let parameters = request.parameters();
        let params = Params(&parameters);
        let operation = params.get("Action").unwrap_or("none");
        let service = params
            .get("Version")
            .and_then(Service::of_version)
            .unwrap_or(Service::Sts);
        let mut call = Call {
            at_ms: clock::machine_millis(),
            operation: operation.to_owned(),
            service: service.name().to_owned(),
            region: String::new(),
            access_key_id: String::new(),
            caller_arn: String::new(),
            params: parameters
                .iter()
                .filter(|(n, _)| n != "Action" && n != "Version")
                .cloned()
                .collect(),
            connection: id,
            user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
            status: 0,
            outcome: String::new(),
            done: false,
        };
        if let Ok(claim) = super::sigv4::claim(request) {
            call.access_key_id = claim.key_id;
            call.region = claim.region;
        }
        let (wait, fault) = lock(&self.faults).strike(operation);
        let works = matches!(
            fault,
            None | Some(Fault::HalfBody | Fault::ResetAfterHandling)
        );
        let mut state = lock(&self.state);
        let request_id = state.request_id();
        let mut answer = if works {
            let result = handle(&mut state, request, service, operation, params, &mut call);
            call.done = result.is_ok();
            match result {
                Ok(result) => Answer::new(
                    200,
                    "text/xml",
                    xml::response(service, operation, result.as_deref(), &request_id),
                ),
                Err(d) => {
                    call.outcome.clone_from(&d.code);
                    Answer::new(
                        d.status,
                        "text/xml",
                        xml::error(service, d.status, &d.code, &d.message, &request_id),
                    )
                }
            }
        } else {
            spoilt(fault.as_ref(), service, operation, &request_id)
        };
        answer.headers.push(("x-amzn-RequestId", request_id));
        if let Some(fault) = &fault {
            call.outcome = match fault {
                Fault::Error { code, .. } => code.clone(),
                other => other.name().to_owned(),
            };
        }
        let whole = matches!(
            fault,
            None | Some(Fault::Error { .. } | Fault::Html | Fault::EmptyResult)
        );
        call.status = if whole { answer.status } else { 0 };
        state.calls.push(call);
        drop(state);

        // The work is done and recorded: a client that gives up now has used its code.
        thread::sleep(wait);
        let date = self.date();

        let bytes = answer.bytes(&date);
        match fault {
            Some(Fault::ResetAfterReading | Fault::ResetAfterHandling) => {
                reset(out).map(|()| false)
            }
            Some(Fault::Close) => out.shutdown(Shutdown::Both).map(|()| false),
            Some(Fault::HalfBody) => {
                out.write_all(&bytes[..bytes.len() - answer.body.len() / 2])?;
                out.shutdown(Shutdown::Both).map(|()| false)
            }
            _ => out.write_all(&bytes).map(|()| true),
        }
    }
}

fn handle(
    state: &mut State,
    request: &Request,
    service: Service,
    operation: &str,
    params: Params,
    call: &mut Call,
) -> Result<Option<String>, Denial> {
    if operation == "none" {
        return Err(Denial::new(
            400,
            "MissingAction",
            "Could not find Action parameter in the request",
        ));
    }
    let (_, caller) = state.authenticate(request, service)?;
    call.caller_arn = caller.arn(&state.world.partition);
    match service {
        Service::Sts => sts::answer(state, &caller, operation, params).map(Some),
        Service::Iam => iam::answer(state, &caller, operation, params),
    }
}

/// What is answered instead of the work.
fn spoilt(fault: Option<&Fault>, service: Service, operation: &str, request_id: &str) -> Answer {
    match fault {
        Some(Fault::Error {
            status,
            code,
            message,
            retry_after,
        }) => {
            let mut answer = Answer::new(
                *status,
                "text/xml",
                xml::error(service, *status, code, message, request_id),
            );
            answer
                .headers
                .extend(retry_after.map(|s| ("Retry-After", s.to_string())));
            answer
        }
        Some(Fault::EmptyResult) => Answer::new(
            200,
            "text/xml",
            xml::response(service, operation, Some(""), request_id),
        ),
        _ => Answer::new(
            200,
            "text/html",
            "<!doctype html><title>Welcome</title><p>Please sign in to use this network".into(),
        ),
    }
}

/// Closes so that the client gets a reset, not an end.
fn reset(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
