//! A link that can be made bad: bytes late, in drops, in one direction only, not at all, or the connection reset.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// What is wrong with a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    None,
    /// Every byte arrives so much later.
    Delay(Duration),
    /// Later by anything up to so much, each piece by another time.
    Jitter(Duration),
    /// Nothing arrives, and nobody is told.
    Silence,
    /// Requests arrive, answers do not.
    HalfOpen,
    /// So many bytes at a time, a hundred times a second.
    Drip(usize),
    /// Connections are reset, those that are open and every new one.
    Reset,
    /// Open connections are reset once; new ones are good.
    ResetOnce,
}

#[derive(Clone, Copy, Debug)]
struct State {
    target: SocketAddr,
    fault: Fault,
}

/// A proxy before one server.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

impl Proxy {
    pub(super) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State { target, fault: Fault::None }));
        let states = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, states.subscribe()));
            }
        });
        Self { address, state }
    }

    pub(super) fn set(&self, fault: Fault) {
        self.state.send_modify(|state| state.fault = fault);
    }

    /// The server came back elsewhere.
    pub(super) fn lead_to(&self, target: SocketAddr) {
        self.state.send_modify(|state| state.target = target);
    }
}

async fn carry(near: TcpStream, mut state: watch::Receiver<State>) {
    let now = *state.borrow_and_update();
    if now.fault == Fault::Reset {
        return reset(&near);
    }
    let Ok(far) = TcpStream::connect(now.target).await else { return reset(&near) };
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    // Closed abruptly whenever it is dropped: a proxy in between hides no reset.
    reset(&near);
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::select! {
        () = pump(near_read, far_write, Direction::Request, state.clone()) => {}
        () = pump(far_read, near_write, Direction::Answer, state.clone()) => {}
        () = until_reset(state) => {}
    }
}

/// From now on dropping the connection resets it.
fn reset(connection: &TcpStream) {
    let _ = socket2::SockRef::from(connection).set_linger(Some(Duration::ZERO));
}

async fn until_reset(mut state: watch::Receiver<State>) {
    while state.changed().await.is_ok() {
        if matches!(state.borrow_and_update().fault, Fault::Reset | Fault::ResetOnce) {
            return;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request,
    Answer,
}

/// Reads on while bytes are on their way, so that lateness does not add up.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, direction: Direction, mut state: watch::Receiver<State>) {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(256);
    let faults = state.clone();
    let reading = async move {
        let mut bytes = vec![0; 16 * 1024];
        let mut seed = 7_u64;
        while let Ok(read) = from.read(&mut bytes).await {
            if read == 0 {
                break;
            }
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let fault = faults.borrow().fault;
            let late = match fault {
                Fault::Delay(late) => late,
                Fault::Jitter(most) => most / 16 * u32::try_from((seed >> 33) % 17).unwrap(),
                Fault::None | Fault::Silence | Fault::HalfOpen | Fault::Drip(_) | Fault::Reset | Fault::ResetOnce => {
                    Duration::ZERO
                }
            };
            if sender.send((Instant::now() + late, bytes[..read].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((at, bytes)) = under_way.recv().await {
            sleep_until(at).await;
            if write(&mut to, &bytes, direction, &mut state).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(reading, writing);
}

async fn write(
    to: &mut OwnedWriteHalf,
    bytes: &[u8],
    direction: Direction,
    state: &mut watch::Receiver<State>,
) -> std::io::Result<()> {
    // What is held back by silence goes on when it ends, as TCP would send it again.
    let held = |state: &State| match state.fault {
        Fault::Silence => true,
        Fault::HalfOpen => direction == Direction::Answer,
        Fault::None | Fault::Delay(_) | Fault::Jitter(_) | Fault::Drip(_) | Fault::Reset | Fault::ResetOnce => false,
    };
    let _ = state.wait_for(|state| !held(state)).await;
    let mut rest = bytes;
    while !rest.is_empty() {
        let fault = state.borrow().fault;
        let Fault::Drip(drop) = fault else { break };
        let (piece, behind) = rest.split_at(drop.min(rest.len()));
        to.write_all(piece).await?;
        rest = behind;
        sleep(Duration::from_millis(10)).await;
    }
    to.write_all(rest).await
}
