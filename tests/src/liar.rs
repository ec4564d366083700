//! Between a peer and its relay: what answers is not what it should be.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// Something that listens where a relay should.
pub struct Liar {
    /// Where it listens, as a relay's address.
    pub url: String,
}

impl Liar {
    /// Accepts, and answers every request with these bytes.
    pub fn answering(answer: &'static [u8]) -> Self {
        Self::listen(move |mut peer| {
            let mut request = [0; 4096];
            let _read = peer.read(&mut request);
            let _sent = peer.write_all(answer);
        })
    }

    /// Passes everything on to a real relay and back, but for one byte of the answers.
    pub fn flipping(relay: &str, at: usize) -> Self {
        let address = address(relay);
        Self::listen(move |peer| {
            let Ok(relay) = TcpStream::connect(&address) else { return };
            let (Ok(to_relay), Ok(from_peer)) = (relay.try_clone(), peer.try_clone()) else { return };
            thread::spawn(move || pass(from_peer, to_relay, None));
            pass(relay, peer, Some(at));
        })
    }

    fn listen(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("ws://{}", listener.local_addr().expect("a bound listener has an address"));
        thread::spawn(move || {
            for peer in listener.incoming().map_while(Result::ok) {
                let serve = serve.clone();
                thread::spawn(move || serve(peer));
            }
        });
        Self { url }
    }
}

/// An address where nobody listens: one that was free a moment ago.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    format!("ws://{}", listener.local_addr().expect("a bound listener has an address"))
}

fn address(url: &str) -> String {
    url.trim_start_matches("ws://").split('/').next().unwrap_or_default().to_owned()
}

fn pass(mut from: TcpStream, mut to: TcpStream, flip: Option<usize>) {
    let mut passed = 0;
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if let Some(byte) = flip.and_then(|at| buffer[..read].get_mut(at.checked_sub(passed)?)) {
            *byte ^= 0x20;
        }
        passed += read;
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ended = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
