//! The link between gateway and engine: connections in memory whose bytes come late, not at all, or one way only.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::chance::Chance;

/// Bytes that a connection holds on their way.
const ON_THE_WAY: usize = 64 << 10;

/// How the link is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weather {
    Good,
    /// Each piece comes later by anything up to so much.
    Late(Duration),
    /// Nothing arrives, and nobody is told.
    Silent,
    /// Requests arrive, answers do not.
    HalfOpen,
    /// No connection holds, and none is made.
    Down,
}

/// What the engine listens on; another one after each restart.
pub(super) type Door = mpsc::Sender<io::Result<DuplexStream>>;

#[derive(Clone, Debug)]
pub(super) struct Link {
    weather: Arc<watch::Sender<Weather>>,
    door: Arc<Mutex<Option<Door>>>,
    chance: Arc<Mutex<Chance>>,
}

impl Link {
    pub(super) fn new(chance: Chance) -> Self {
        let weather = Arc::new(watch::Sender::new(Weather::Good));
        Self { weather, door: Arc::default(), chance: Arc::new(Mutex::new(chance)) }
    }

    pub(super) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Leads to another engine, or to none.
    pub(super) fn lead_to(&self, door: Option<Door>) {
        *self.door.lock().unwrap() = door;
    }

    /// Makes a connection, as the gateway asks for one.
    pub(super) async fn dial(self) -> io::Result<DuplexStream> {
        let door = self.door.lock().unwrap().clone().ok_or(io::ErrorKind::ConnectionRefused)?;
        if *self.weather.borrow() == Weather::Down {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (near, near_end) = duplex(ON_THE_WAY);
        let (far_end, far) = duplex(ON_THE_WAY);
        door.send(Ok(far)).await.map_err(|_| io::ErrorKind::ConnectionRefused)?;
        let (near_in, near_out) = split(near_end);
        let (far_in, far_out) = split(far_end);
        let mut weather = self.weather.subscribe();
        let (there, back) = (self.clone(), self);
        tokio::spawn(async move {
            tokio::select! {
                () = there.carry(near_in, far_out, false) => {}
                () = back.carry(far_in, near_out, true) => {}
                // Both ends see it break.
                _ = weather.wait_for(|weather| *weather == Weather::Down) => {}
            }
        });
        Ok(near)
    }

    async fn carry(&self, mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>, is_answer: bool) {
        let mut weather = self.weather.subscribe();
        let mut bytes = vec![0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let passes = |weather: &Weather| *weather != Weather::Silent && !(is_answer && *weather == Weather::HalfOpen);
            if weather.wait_for(passes).await.is_err() {
                return;
            }
            let late = match *weather.borrow() {
                Weather::Late(most) => self.chance.lock().unwrap().millis(0, u64::try_from(most.as_millis()).unwrap().max(1)),
                Weather::Good | Weather::Silent | Weather::HalfOpen | Weather::Down => Duration::ZERO,
            };
            if !late.is_zero() {
                sleep(late).await;
            }
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    }
}
