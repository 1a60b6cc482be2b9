//! Values that are one step plainer than another one.

/// What can be made plainer.
pub(super) trait Plainer: Clone {
    /// The values that are one step plainer, the plainest first; none of the plainest.
    fn plainer(&self) -> Vec<Self>;
}

/// Adds to `all` the values that differ from a part in one field, for each of the values that are given for that
/// field.
macro_rules! with_fields {
    ($part:expr, $all:ident; $($field:ident: $values:expr),* $(,)?) => {$(
        for value in $values {
            let mut next = $part.clone();
            next.$field = value;
            $all.push(next);
        }
    )*};
}

pub(super) use with_fields;

/// Shorter times.
pub(super) fn times(millis: u64) -> Vec<u64> {
    let mut shorter = vec![
        0,
        millis / 2,
        millis.saturating_sub(millis / 8),
        millis.saturating_sub(1),
    ];
    shorter.retain(|time| *time < millis);
    shorter.dedup();
    shorter
}

/// The usual value, for one that is not.
pub(super) fn usual<T: PartialEq>(value: &T, usual: T) -> Vec<T> {
    if *value == usual { vec![] } else { vec![usual] }
}

impl<T: Plainer> Plainer for Option<T> {
    fn plainer(&self) -> Vec<Option<T>> {
        let Some(value) = self else {
            return Vec::new();
        };
        let plainer = value.plainer().into_iter().map(Some);
        [None].into_iter().chain(plainer).collect()
    }
}

/// The list without one of its values, of which one has to stay, and with a plainer one.
impl<T: Plainer> Plainer for Vec<T> {
    fn plainer(&self) -> Vec<Vec<T>> {
        let mut all = Vec::new();
        for at in 0..self.len() {
            if self.len() > 1 {
                let mut fewer = self.clone();
                fewer.remove(at);
                all.push(fewer);
            }
            for value in self[at].plainer() {
                let mut next = self.clone();
                next[at] = value;
                all.push(next);
            }
        }
        all
    }
}
