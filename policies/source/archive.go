package source

// What an archive of policies that were good once is made of.
const (
	// ManifestVersion is the version of the manifest's form.
	ManifestVersion = 1
	// ManifestName is the manifest's name in the archive.
	ManifestName = "manifest.json"
	// MaxArchive bounds what an archive may unpack to.
	MaxArchive = 1 << 30
)
