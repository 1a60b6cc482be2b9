//! A place has one number, in whatever order threads ask for it.

use std::sync::Arc;

use super::*;
use crate::tree::sites::Sites;

#[test]
fn two_places_have_two_numbers_and_one_place_has_one() {
    loom::model(|| {
        let sites = Arc::new(Sites::new());
        let (here, there) = (Location::caller(), Location::caller());
        let other = {
            let sites = Arc::clone(&sites);
            thread::spawn(move || [there, here].map(|place| sites.number(place)))
        };
        let [one, two] = [here, there].map(|place| sites.number(place));
        assert_eq!(sites.location(one), Some(here));
        assert_eq!(sites.location(two), Some(there));
        assert_ne!(one, two);
        assert_eq!(other.join().unwrap(), [two, one]);
    });
}
