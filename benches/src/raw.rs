//! Yardsticks of a transfer: bare bytes over the same roads, between two processes.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use iroh::endpoint::presets;
use iroh::{Endpoint, EndpointAddr, PublicKey, RelayMode, TransportAddr};

const ALPN: &[u8] = b"raw";
const PIECE_BYTES: usize = 256 << 10;

fn sink(args: &[&std::ffi::OsStr]) -> (Child, String) {
    let exe = std::env::current_exe().expect("a program knows its own file");
    let mut child = Command::new(exe).args(args).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    let out = child.stdout.take().expect("stdout was asked to be piped");
    BufReader::new(out).read_line(&mut line).expect("it says where it listens");
    (child, line.trim().to_owned())
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody listens");
}

/// Bytes per second into a file over TCP, flushed to the disk.
pub fn tcp(bytes: u64, file: &Path) -> f64 {
    let (mut child, address) = sink(&["raw-tcp".as_ref(), file.as_os_str()]);
    let mut stream = TcpStream::connect(&address).expect("it listens");
    let piece = vec![7; PIECE_BYTES];
    let began = Instant::now();
    let mut left = bytes;
    while left > 0 {
        let n = left.min(PIECE_BYTES as u64);
        stream.write_all(&piece[..usize::try_from(n).expect("a piece")]).expect("it reads");
        left -= n;
    }
    stream.shutdown(std::net::Shutdown::Write).expect("it is open");
    stream.read_to_end(&mut Vec::new()).expect("it answers when all is there");
    let took = began.elapsed();
    child.wait().expect("it ends");
    std::fs::remove_file(file).expect("it wrote it");
    bytes as f64 / took.as_secs_f64()
}

/// The child's side of [`tcp`].
pub fn serve_tcp(path: &Path) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    say(&listener.local_addr().expect("it is bound").to_string());
    let (mut stream, _) = listener.accept().expect("somebody connects");
    let mut file = File::create(path).expect("there is room");
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        match stream.read(&mut buffer).expect("it sends") {
            0 => break,
            n => file.write_all(&buffer[..n]).expect("there is room"),
        }
    }
    file.sync_all().expect("the disk takes it");
    stream.write_all(b"!").expect("it waits");
}

async fn endpoint() -> Endpoint {
    let builder = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled).clear_ip_transports();
    let builder = builder.bind_addr((Ipv4Addr::LOCALHOST, 0)).expect("an address");
    builder.alpns(vec![ALPN.to_vec()]).bind().await.expect("it opens")
}

/// Bytes per second over one stream of iroh, read and thrown away.
pub async fn iroh(bytes: u64) -> f64 {
    let (mut child, said) = sink(&["raw-iroh".as_ref()]);
    let (key, at) = said.split_once(' ').expect("a key and an address");
    let key: PublicKey = key.parse().expect("a key");
    let to = EndpointAddr::from_parts(key, [TransportAddr::Ip(at.parse().expect("an address"))]);
    let endpoint = endpoint().await;
    let link = endpoint.connect(to, ALPN).await.expect("it answers");
    let (mut send, mut recv) = link.open_bi().await.expect("it takes a stream");
    let piece = bytes::Bytes::from(vec![7; PIECE_BYTES]);
    let began = Instant::now();
    let mut left = bytes;
    while left > 0 {
        let n = left.min(PIECE_BYTES as u64);
        let part = piece.slice(..usize::try_from(n).expect("a piece"));
        send.write_chunk(part).await.expect("it reads");
        left -= n;
    }
    send.finish().expect("it is open");
    recv.read_to_end(1).await.expect("it answers when all is there");
    let took = began.elapsed();
    link.close(0u8.into(), b"");
    endpoint.close().await;
    child.wait().expect("it ends");
    bytes as f64 / took.as_secs_f64()
}

/// The child's side of [`iroh`].
pub async fn serve_iroh() {
    let endpoint = endpoint().await;
    say(&format!("{} {}", endpoint.id(), endpoint.bound_sockets()[0]));
    let link = endpoint.accept().await.expect("somebody connects").await.expect("the handshake succeeds");
    let (mut send, mut recv) = link.accept_bi().await.expect("a stream");
    while recv.read_chunk(PIECE_BYTES).await.expect("it sends").is_some() {}
    send.write_all(b"!").await.expect("it waits");
    send.finish().expect("it is open");
    link.closed().await;
    endpoint.close().await;
}
