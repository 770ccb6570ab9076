//! A forward proxy on loopback, as companies have them: `CONNECT` and absolute addresses, recorded, forwarded or refused.

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::http::{self, Request};
use super::server::lock;

/// What the proxy does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    Forward,
    /// Forwards what comes with `Proxy-Authorization: Basic …` of these words, refuses the rest with 407.
    Basic(String),
    /// Refuses everything: 403, 407, 502.
    Refuse(u16),
}

/// A request as the proxy saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub authorization: Option<String>,
    pub forwarded: bool,
}

/// A running proxy; it takes no more connections when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stopping: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts on a free port of 127.0.0.1.
    pub fn start(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (seen, stopping) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (record, stop) = (Arc::clone(&seen), Arc::clone(&stopping));
        let acceptor = thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (record, manner) = (Arc::clone(&record), manner.clone());
                thread::spawn(move || drop(serve(client, &manner, &record)));
            }
        });
        Ok(Self { address, seen, stopping, acceptor: Some(acceptor) })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn serve(client: TcpStream, manner: &Manner, record: &Mutex<Vec<Seen>>) -> io::Result<()> {
    let mut out = client.try_clone()?;
    let mut reader = BufReader::new(client);
    while let Some(request) = http::read(&mut reader)? {
        let authorization = request.header("proxy-authorization").map(str::to_owned);
        let refused = match manner {
            Manner::Forward => None,
            Manner::Basic(words) if authorization.as_deref() == Some(&format!("Basic {words}")) => None,
            Manner::Basic(_) => Some(407),
            Manner::Refuse(status) => Some(*status),
        };
        lock(record).push(Seen {
            method: request.method.clone(),
            target: request.target.clone(),
            authorization,
            forwarded: refused.is_none(),
        });
        if let Some(status) = refused {
            let ask = if status == 407 { "Proxy-Authenticate: Basic realm=\"proxy\"\r\n" } else { "" };
            write!(out, "HTTP/1.1 {status} Refused by the proxy\r\n{ask}Content-Length: 0\r\n\r\n")?;
            continue;
        }
        if request.method == "CONNECT" {
            return tunnel(&request.target, reader, out);
        }
        forward(&request, &mut out)?;
    }
    Ok(())
}

/// Copies both ways until both ends are done.
fn tunnel(target: &str, mut reader: BufReader<TcpStream>, mut out: TcpStream) -> io::Result<()> {
    let Ok(mut server) = TcpStream::connect(target) else {
        return out.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    };
    out.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let mut back = server.try_clone()?;
    let answers =
        thread::spawn(move || io::copy(&mut back, &mut out).and_then(|_| out.shutdown(std::net::Shutdown::Write)));
    io::copy(&mut reader, &mut server)?;
    server.shutdown(std::net::Shutdown::Write)?;
    answers.join().unwrap_or(Ok(()))
}

/// Sends one request to its server on a connection of its own and copies the answer.
fn forward(request: &Request, out: &mut TcpStream) -> io::Result<()> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "not an absolute http address");
    let rest = request.target.strip_prefix("http://").ok_or_else(bad)?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let Ok(mut server) = TcpStream::connect(authority) else {
        return out.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    };
    let mut head = format!("{} {path} HTTP/1.1\r\n", request.method);
    for (name, value) in request.headers.iter().filter(|(n, _)| !n.starts_with("proxy-") && n != "connection") {
        head.push_str(&format!("{name}:{value}\r\n"));
    }
    head.push_str("connection: close\r\n\r\n");
    server.write_all(head.as_bytes())?;
    server.write_all(&request.body)?;
    io::copy(&mut server, out).map(drop)
}
