package source

const (
	ManifestVersion = 1
	ManifestName    = "manifest.json"
	// MaxArchive bounds what an archive may unpack to.
	MaxArchive = 1 << 30
)
