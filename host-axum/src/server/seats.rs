//! Who may be connected: so many in all, and so many from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::warn;

use super::ServerOptions;

/// The seats that connections take.
#[derive(Clone)]
pub(super) struct Seats(Arc<Mutex<Taken>>);

struct Taken {
    most: usize,
    most_per_address: usize,
    count: usize,
    /// Loopback is not counted by address: a reverse proxy speaks for everyone.
    by_address: HashMap<IpAddr, usize>,
    /// Whether the house has been full since a seat was last given, so that it is said once.
    full: bool,
}

impl Seats {
    pub(super) fn new(options: &ServerOptions) -> Self {
        Self(Arc::new(Mutex::new(Taken {
            most: options.max_connections,
            most_per_address: options.max_per_address,
            count: 0,
            by_address: HashMap::new(),
            full: false,
        })))
    }

    /// Gives a seat, if there is one.
    pub(super) fn take(&self, address: IpAddr) -> Option<Seat> {
        let address = Some(address.to_canonical()).filter(|address| !address.is_loopback());
        self.lock().admit(address).then(|| Seat { seats: self.clone(), address })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn admit(&mut self, address: Option<IpAddr>) -> bool {
        if self.count >= self.most {
            if !std::mem::replace(&mut self.full, true) {
                warn!(connections = self.count, "all connections are taken: closing new ones");
            }
            return false;
        }
        if let Some(address) = address {
            let taken = self.by_address.entry(address).or_default();
            if *taken >= self.most_per_address {
                return false;
            }
            *taken += 1;
        }
        self.count += 1;
        self.full = false;
        true
    }

    fn leave(&mut self, address: Option<IpAddr>) {
        self.count -= 1;
        if let Some(address) = address
            && let Some(taken) = self.by_address.get_mut(&address)
        {
            *taken -= 1;
            if *taken == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

/// One connection's seat, given back when dropped.
pub(super) struct Seat {
    seats: Seats,
    address: Option<IpAddr>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().leave(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_can_not_take_every_seat_but_loopback_can() {
        let options = ServerOptions { max_connections: 5, max_per_address: 2, ..ServerOptions::default() };
        let seats = Seats::new(&options);
        let [far, mapped, near] =
            ["192.0.2.7", "::ffff:192.0.2.7", "127.0.0.1"].map(|ip| ip.parse().unwrap());

        let held = [seats.take(far), seats.take(mapped)];
        assert!(held.iter().all(Option::is_some));
        assert!(seats.take(far).is_none());
        let close = [seats.take(near), seats.take(near), seats.take(near)];
        assert!(close.iter().all(Option::is_some));
        assert!(seats.take(near).is_none());

        drop((held, close));
        assert!(seats.lock().by_address.is_empty());
        assert_eq!(seats.lock().count, 0);
    }
}
