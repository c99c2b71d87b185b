package engine

import sqlite3 "modernc.org/sqlite/lib"

// hints are by primary result code. Source: sqlite.org/rescode.html.
var hints = map[int]string{
	sqlite3.SQLITE_FULL:     "the disk is full: free some space, and the next run goes on; nothing that was recorded is lost, and nothing is changed in PagerDuty without a record",
	sqlite3.SQLITE_IOERR:    "the disk could not be read or written: see whether it is full or failing; nothing is changed in PagerDuty without a record",
	sqlite3.SQLITE_BUSY:     "another process has been writing to it for ten seconds: run again",
	sqlite3.SQLITE_READONLY: "it can't be written: see its owner, its folder's mode, and whether the disk is mounted read-only",
	sqlite3.SQLITE_CANTOPEN: "it can't be opened: see that its folder exists, and who may write there",
	sqlite3.SQLITE_NOTADB:   "it is not a journal: name another file in the configuration, or move this one away",
	sqlite3.SQLITE_CORRUPT:  "it is damaged: put a backup in its place, or move it away and begin with an empty memory, after which names are pinned again and nobody's role from before a raise is known",
}
