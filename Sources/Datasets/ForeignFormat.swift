/// Formats of data that other programs read, and how to bring them here.
enum ForeignFormat {
  /// What a file of this name holds, and the line that converts it; nil where the name says nothing.
  static func of(file path: String) -> (name: String, remedy: String)? {
    let name = path.lowercased()
    return rows.first { $0.endings.contains { name.hasSuffix(".\($0)") } }.map { row in
      (row.name, row.remedy(path, stem(path)))
    }
  }

  /// What the first bytes of a file say.
  static func of(bytes: [UInt8], file path: String) -> (name: String, remedy: String)? {
    let ending = magic.first { bytes.starts(with: $0.bytes) }?.ending
    return ending.flatMap { ending in
      rows.first { $0.endings.contains(ending) }.map { ($0.name, $0.remedy(path, stem(path))) }
    }
  }

  /// `calo` of `data/calo.tar.gz`.
  private static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    return String(name.prefix { $0 != "." })
  }

  private struct Row {
    let name: String
    let endings: [String]
    /// - Parameters: the path, and the name without ending for what comes of it.
    let remedy: (String, String) -> String
  }

  private static let magic: [(bytes: [UInt8], ending: String)] = [
    ([0x89, 0x48, 0x44, 0x46], "h5"), (Array("root".utf8), "root"), (Array("PAR1".utf8), "parquet"),
    (Array("ARROW1".utf8), "feather"), (Array("PK\u{3}\u{4}".utf8), "zip"), (Array("SQLite format 3".utf8), "sqlite"),
    (Array("MATLAB 5.0".utf8), "mat"), (Array("SIMPLE  =".utf8), "fits"), (Array("Rar!".utf8), "rar"),
    ([0x37, 0x7A, 0xBC, 0xAF], "7z"), (Array("BZh".utf8), "bz2"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"),
    ([0x28, 0xB5, 0x2F, 0xFD], "zst"), ([0x1F, 0x8B], "gz"),
  ]

  private static var rows: [Row] { arrays + tables + containers }

  /// One line of Python that ends in arrays x and y.
  private static func python(_ imports: String, _ load: String, _ arrays: String, _ stem: String) -> String {
    "convert it, as in: python3 -c 'import \(imports), numpy; \(load); numpy.savez(\"\(stem).npz\", \(arrays))', and name "
      + "\(stem).npz"
  }

  private static var arrays: [Row] {
    [
      Row(name: "HDF5", endings: ["h5", "hdf5", "hdf", "he5"]) { path, stem in
        python("h5py", "f = h5py.File(\"\(path)\")", "x=f[\"IMAGES\"][:], y=f[\"LABELS\"][:]", stem)
          + " (IMAGES and LABELS as list(f) calls them)"
      },
      Row(name: "ROOT", endings: ["root"]) { path, stem in
        python(
          "uproot", "t = uproot.open(\"\(path)\")[\"TREE\"]", "x=numpy.stack(t[\"BRANCH\"].array(library=\"np\"))", stem
        )
      },
      Row(name: "MATLAB", endings: ["mat"]) { path, stem in
        python(
          "scipy.io", "m = scipy.io.loadmat(\"\(path)\")", "x=numpy.ascontiguousarray(m[\"X\"]), y=m[\"y\"].ravel()",
          stem)
      },
      Row(name: "PyTorch", endings: ["pt", "pth"]) { path, stem in
        python("torch", "d = torch.load(\"\(path)\")", "x=d[\"images\"].numpy(), y=d[\"labels\"].numpy()", stem)
      },
      Row(name: "pickle", endings: ["pkl", "pickle", "p", "joblib"]) { path, stem in
        python("pickle", "d = pickle.load(open(\"\(path)\", \"rb\"))", "x=d[\"images\"], y=d[\"labels\"]", stem)
      },
      Row(name: "FITS", endings: ["fits", "fit"]) { path, stem in
        python("astropy.io.fits as f", "d = f.getdata(\"\(path)\")", "x=d.astype(\"f4\")", stem)
      },
      Row(name: "NetCDF", endings: ["nc", "nc4", "cdf"]) { path, stem in
        python("xarray", "d = xarray.open_dataset(\"\(path)\")", "x=d[\"NAME\"].values", stem)
      },
      Row(name: "safetensors", endings: ["safetensors"]) { path, stem in
        python("safetensors.numpy as s", "d = s.load_file(\"\(path)\")", "x=d[\"images\"], y=d[\"labels\"]", stem)
      },
      Row(name: "TFRecord", endings: ["tfrecord", "tfrecords"]) { _, stem in
        "write its examples by numpy.savez(\"\(stem).npz\", x=images, y=labels), and name \(stem).npz"
      },
      Row(name: "LMDB", endings: ["lmdb", "mdb"]) { _, stem in
        "write its pictures into a folder per class and name folder:DIR, or by numpy.savez(\"\(stem).npz\", x=images, y=labels)"
      },
    ]
  }

  /// One line of Python that ends in a table.
  private static func table(_ function: String, _ path: String, _ stem: String) -> String {
    "convert it, as in: python3 -c 'import pandas; pandas.\(function)(\"\(path)\").to_csv(\"\(stem).csv\", index=False)', "
      + "and name \(stem).csv"
  }

  private static var tables: [Row] {
    [
      ("Parquet", ["parquet", "pq"], "read_parquet"), ("Feather", ["feather", "arrow"], "read_feather"),
      ("Excel", ["xlsx", "xls", "xlsm"], "read_excel"), ("OpenDocument", ["ods"], "read_excel"),
      ("JSON", ["json"], "read_json"), ("Stata", ["dta"], "read_stata"), ("SPSS", ["sav"], "read_spss"),
      ("SAS", ["sas7bdat", "xpt"], "read_sas"), ("ORC", ["orc"], "read_orc"),
    ].map { name, endings, function in
      Row(name: name, endings: endings) { path, stem in table(function, path, stem) }
    } + [
      Row(name: "JSON lines", endings: ["jsonl", "ndjson"]) { path, stem in
        "convert it, as in: python3 -c 'import pandas; pandas.read_json(\"\(path)\", lines=True).to_csv(\"\(stem).csv\", "
          + "index=False)', and name \(stem).csv"
      },
      Row(name: "SQLite", endings: ["sqlite", "sqlite3", "db"]) { path, stem in
        "convert it, as in: sqlite3 -header -csv \(path) 'SELECT * FROM NAME' > \(stem).csv, and name \(stem).csv"
      },
    ]
  }

  private static var containers: [Row] {
    [
      Row(name: "a tar archive", endings: ["tar", "tar.gz", "tgz", "tar.bz2", "tbz2", "tar.xz", "txz", "tar.zst"]) {
        path, stem in "unpack it, as in: mkdir \(stem) && tar -xf \(path) -C \(stem), and name \(stem)"
      },
      Row(name: "a zip archive", endings: ["zip"]) { path, stem in
        "unpack it, as in: unzip -q \(path) -d \(stem), and name \(stem)"
      },
      Row(name: "a 7z archive", endings: ["7z"]) { path, stem in
        "unpack it, as in: 7z x \(path) -o\(stem), and name \(stem)"
      },
      Row(name: "a RAR archive", endings: ["rar"]) { path, stem in
        "unpack it, as in: unrar x \(path) \(stem)/, and name \(stem)"
      },
      Row(name: "packed by gzip", endings: ["gz"]) { path, _ in "unpack it, as in: gunzip -k \(path)" },
      Row(name: "packed by bzip2", endings: ["bz2"]) { path, _ in "unpack it, as in: bunzip2 -k \(path)" },
      Row(name: "packed by xz", endings: ["xz"]) { path, _ in "unpack it, as in: unxz -k \(path)" },
      Row(name: "packed by Zstandard", endings: ["zst"]) { path, _ in "unpack it, as in: unzstd \(path)" },
      Row(name: "sound", endings: ["wav", "mp3", "flac", "ogg"]) { _, stem in
        "write series of equal length by numpy.savez(\"\(stem).npz\", x=series), [N, T] or [N, T, C], and take --recipe sequences"
      },
      Row(name: "a film", endings: ["mp4", "avi", "mov", "mkv", "gif"]) { path, stem in
        "write its pictures, as in: mkdir -p \(stem)/all && ffmpeg -i \(path) \(stem)/all/%06d.png, and name \(stem)"
      },
    ]
  }
}
