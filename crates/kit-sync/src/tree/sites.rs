//! The places in the program where a scope's members are spawned.

use std::panic::Location;
use std::ptr;

use crate::sync::OnceLock;

/// Numbers places, so that a member of a hundred thousand keeps two bytes instead of eight. A
/// program has few places for each scope, so a chain is enough.
#[derive(Debug)]
pub(super) struct Sites {
    here: OnceLock<&'static Location<'static>>,
    next: OnceLock<Box<Sites>>,
}

impl Sites {
    pub(super) fn new() -> Sites {
        Sites {
            here: OnceLock::new(),
            next: OnceLock::new(),
        }
    }

    pub(super) fn number(&self, location: &'static Location<'static>) -> u16 {
        let (mut sites, mut number) = (self, 0);
        // The last number is for all that do not fit.
        while number < u16::MAX && !ptr::eq(*sites.here.get_or_init(|| location), location) {
            sites = sites.next.get_or_init(|| Box::new(Sites::new()));
            number += 1;
        }
        number
    }

    pub(super) fn location(&self, number: u16) -> Option<&'static Location<'static>> {
        let mut sites = self;
        for _ in 0..number {
            sites = sites.next.get()?;
        }
        sites.here.get().copied()
    }
}

/// `file:line:column`, or the text for a place without a number.
pub(super) fn place(location: Option<&'static Location<'static>>) -> String {
    location.map_or_else(|| "one of many places".to_owned(), ToString::to_string)
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_place_keeps_its_number() {
        let sites = Sites::new();
        let places = [Location::caller(), Location::caller(), Location::caller()];
        let numbers = places.map(|place| sites.number(place));
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(places.map(|place| sites.number(place)), numbers);
        assert_eq!(
            numbers.map(|number| sites.location(number)),
            places.map(Some)
        );
        assert_eq!(sites.location(3), None);
    }
}
