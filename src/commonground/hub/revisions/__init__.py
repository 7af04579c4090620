"""Revisions: git objects as rows, refs, commits, trees and their history."""
