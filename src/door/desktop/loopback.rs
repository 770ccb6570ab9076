//! One redirect, for one browser: a listener on loopback that answers one path of random letters once, and only to
//! processes of our own user.
//!
//! The kernel's table of connections says whose the other end is. Without that a neighbour who reads the browser's
//! arguments could be faster than the browser.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::door::kernel::random;
use crate::door::spelling::hex;
use crate::wire::SecretText;

/// A browser's head of a request is a few hundred bytes.
const MOST: usize = 16 * 1024;
/// Browsers open connections that they may need; such are not waited for.
const READ: Duration = Duration::from_secs(5);

/// The listener.
#[derive(Debug)]
pub(super) struct Redirect {
    listener: TcpListener,
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: String,
    host: String,
    address: SecretText,
    spent: AtomicBool,
    answered: AtomicBool,
}

/// Whether the kernel says whose a connection is.
pub(super) fn is_possible() -> bool {
    cfg!(target_os = "linux") && std::fs::read_to_string("/proc/net/tcp").is_ok_and(|table| table.contains("uid"))
}

impl Redirect {
    /// Listens on a free port of 127.0.0.1.
    pub(super) fn to(address: SecretText) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let shared = Shared {
            path: format!("/{}", hex(&random::<16>())),
            host: format!("127.0.0.1:{port}"),
            address,
            spent: AtomicBool::new(false),
            answered: AtomicBool::new(false),
        };
        Ok(Redirect { listener, port, shared: Arc::new(shared) })
    }

    /// What the browser is given.
    pub(super) fn page(&self) -> String {
        format!("http://{}{}", self.shared.host, self.shared.path)
    }

    /// Takes the connections that wait; whether the browser has been answered.
    pub(super) fn turn(&self) -> bool {
        while let Ok((stream, peer)) = self.listener.accept() {
            if !is_ours(peer, self.port) {
                log::warn!("a connection of another user to the console's redirect was dropped");
                continue;
            }
            let shared = Arc::clone(&self.shared);
            // Each in a thread: one that says nothing must not hold up the one that asks.
            let _ = thread::Builder::new().spawn(move || drop(shared.serve(stream)));
        }
        self.shared.answered.load(Ordering::Acquire)
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(READ))?;
        stream.set_write_timeout(Some(READ))?;
        let mut head = Vec::with_capacity(MOST);
        let mut some = [0; 2048];
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            let count = stream.read(&mut some)?;
            if count == 0 || head.len() + count > MOST {
                return Ok(());
            }
            head.extend_from_slice(&some[..count]);
        }
        let head = String::from_utf8_lossy(&head);
        if !self.is_asked(&head) || self.spent.swap(true, Ordering::AcqRel) {
            return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        // Straight to the socket: no buffer is left with the address in it.
        stream.write_all(
            b"HTTP/1.1 303 See Other\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Length: 0\r\n\
              Connection: close\r\nLocation: ",
        )?;
        stream.write_all(self.address.expose().as_bytes())?;
        stream.write_all(b"\r\n\r\n")?;
        stream.shutdown(std::net::Shutdown::Write)?;
        self.answered.store(true, Ordering::Release);
        Ok(())
    }

    /// `GET` of the path, by the name we gave: a page elsewhere that points a name of its own at 127.0.0.1 is not
    /// answered.
    fn is_asked(&self, head: &str) -> bool {
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let asked = (words.next(), words.next()) == (Some("GET"), Some(&self.path));
        let host = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("host"));
        asked && host.is_some_and(|(_, host)| host.trim() == self.host)
    }
}

/// Whether the other end of the connection is a process of ours, by the kernel's tables (proc_net_tcp(5)).
fn is_ours(peer: SocketAddr, port: u16) -> bool {
    #[cfg(unix)]
    {
        let us = crate::door::owner::us();
        ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| std::fs::read_to_string(table).ok())
            .any(|table| owner_in(&table, peer.port(), port) == Some(us))
    }
    #[cfg(not(unix))]
    {
        let _ = (peer, port);
        false
    }
}

/// The user whose socket goes from `from` to `to` on 127.0.0.1.
fn owner_in(table: &str, from: u16, to: u16) -> Option<u32> {
    // The address as the machine's own number, in hexadecimal; within an IPv6 socket it is the last of four.
    let local = u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets());
    let (from, to) = (format!("{local:08X}:{from:04X}"), format!("{local:08X}:{to:04X}"));
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, here, there, _, _, _, _, user, ..] = fields[..] else { return None };
        (here.ends_with(&from) && there.ends_with(&to)).then(|| user.parse().ok())?
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn redirect() -> Redirect {
        let mut address = SecretText::with_room(64);
        address.push("https://signin.example/?token=s3cret");
        Redirect::to(address).unwrap()
    }

    fn ask(redirect: &Redirect, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", redirect.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        redirect.turn();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn one_path_once_by_its_own_name() {
        let redirect = redirect();
        let page = redirect.page();
        let path = page.strip_prefix(&format!("http://127.0.0.1:{}", redirect.port)).unwrap().to_owned();
        assert!(path.len() == 33 && !page.contains("s3cret"));
        let host = format!("Host: 127.0.0.1:{}\r\n\r\n", redirect.port);
        // A connection that says nothing is not in the way.
        let _silent = TcpStream::connect(("127.0.0.1", redirect.port)).unwrap();
        for wrong in [
            format!("GET / HTTP/1.1\r\n{host}"),
            format!("POST {path} HTTP/1.1\r\n{host}"),
            format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\n\r\n"),
        ] {
            assert!(ask(&redirect, &wrong).starts_with("HTTP/1.1 404"), "{wrong}");
        }
        assert!(!redirect.turn());
        let right = format!("GET {path} HTTP/1.1\r\n{host}");
        let answer = ask(&redirect, &right);
        assert!(answer.contains("\r\nLocation: https://signin.example/?token=s3cret\r\n"), "{answer}");
        assert!(answer.contains("no-referrer") && answer.contains("no-store"));
        assert!(ask(&redirect, &right).starts_with("HTTP/1.1 404"));
        assert!(redirect.turn());
    }

    #[test]
    fn the_kernels_table_says_whose_a_connection_is() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mine = stream.local_addr().unwrap();
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        assert_eq!(owner_in(&table, mine.port(), port), Some(crate::door::owner::us()));
        assert!(is_ours(mine, port));
        // The same line with another user's number.
        let line = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n   0: \
                    0100007F:1F90 0100007F:0050 01 00000000:00000000 00:00000000 00000000  1001 0 1";
        if cfg!(target_endian = "little") {
            assert_eq!(owner_in(line, 0x1f90, 0x50), Some(1001));
        }
        assert_eq!(owner_in(line, 0x1f91, 0x50), None);
    }
}
