use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Index {
    entries: BTreeMap<String, Vec<usize>>,
}

impl Index {
    pub fn add(&mut self, text: &str, document: usize) {
        for word in text.split_whitespace() {
            self.entries.entry(word.to_lowercase()).or_default().push(document);
        }
    }

    pub fn find(&self, word: &str) -> &[usize] {
        self.entries.get(word).map(Vec::as_slice).unwrap_or(&[])
    }
}

fn main() {
    let mut index = Index::default();
    index.add("a tree of words", 1);
    println!("{:?}", index.find("tree"));
}
