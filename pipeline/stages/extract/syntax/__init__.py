"""Parse English sentences: words, tags of the Penn Treebank, and a tree of Universal Dependencies."""
