//! An authority for time: OpenSSL's `ts` behind the plainest web server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

const CONFIG: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
O = Studio Nord
CN = Time of the tests
[roots]
basicConstraints = critical, CA:TRUE
[stamps]
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = tsa_here
[tsa_here]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = roots.pem
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
";

/// An authority that answers until the test ends.
pub struct TimeAuthority {
    /// Where it is asked.
    pub url: String,
    /// The certificate of whoever vouches for it.
    pub roots: PathBuf,
}

impl TimeAuthority {
    /// Makes keys and certificates in a folder, and answers.
    ///
    /// # Panics
    /// When OpenSSL does not do as asked.
    pub fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("there is room");
        std::fs::write(folder.join("openssl.cnf"), CONFIG).expect("there is room");
        std::fs::write(folder.join("serial"), "01\n").expect("there is room");
        let key =
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "openssl.cnf"];
        let roots = ["req", "-x509", "-keyout", "roots.key", "-out", "roots.pem", "-extensions", "roots"];
        openssl(folder, &[&roots[..], &["-subj", "/O=Studio Nord/CN=Roots of the tests"], &key].concat());
        openssl(folder, &[&["req", "-keyout", "tsa.key", "-out", "tsa.csr"][..], &key].concat());
        let sign =
            ["x509", "-req", "-in", "tsa.csr", "-CA", "roots.pem", "-CAkey", "roots.key", "-CAcreateserial"];
        let as_what = ["-extfile", "openssl.cnf", "-extensions", "stamps", "-out", "tsa.pem"];
        openssl(folder, &[&sign[..], &as_what].concat());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
        let place = folder.to_owned();
        std::thread::spawn(move || listener.incoming().flatten().for_each(|to| answer(to, &place)));
        Self { url, roots: folder.join("roots.pem") }
    }
}

fn openssl(folder: &Path, args: &[&str]) {
    let done = Command::new("openssl").current_dir(folder).args(args).output();
    let done = done.expect("openssl runs (`cargo xtask test` installs it)");
    assert!(done.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn answer(mut to: TcpStream, folder: &Path) {
    let mut reader = BufReader::new(to.try_clone().expect("a socket can be cloned"));
    let mut bytes = 0;
    for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let line = line.to_ascii_lowercase();
        bytes = line.strip_prefix("content-length:").and_then(|n| n.trim().parse().ok()).unwrap_or(bytes);
    }
    let mut query = vec![0; bytes];
    reader.read_exact(&mut query).expect("a whole query");
    std::fs::write(folder.join("query.tsq"), query).expect("there is room");
    let ask = ["ts", "-reply", "-queryfile", "query.tsq", "-config", "openssl.cnf", "-section", "tsa_here"];
    openssl(folder, &[&ask[..], &["-out", "reply.tsr"]].concat());
    let reply = std::fs::read(folder.join("reply.tsr")).expect("it was written");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        reply.len()
    );
    to.write_all(&[head.as_bytes(), &reply].concat()).expect("the asker listens");
}
