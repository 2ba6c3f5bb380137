// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A run of version 0.1.0, byte for byte, on the images of `Workspace.writeImages(height: 2, width: 2)`:
///
///     elbo train --data data --output run --epochs 1 --hidden 2 --latent 1 --batch-size 20
///       --activation tanh --seed 3 --no-figures
enum EarlierRun {
  /// What version 0.1.0 made of the test images: `elbo evaluate run --seed 3`.
  static let elbo = -2.9399746562168003

  static let files = [
    "run.json": Data(record.utf8), "metrics.jsonl": Data((metrics + "\n").utf8),
    "model.safetensors": Data(base64Encoded: model) ?? Data(),
    "state.safetensors": Data(base64Encoded: state) ?? Data(),
  ]

  private static let record = """
    {
      "version": "0.1.0",
      "started": "2026-11-27T01:50:57+0000",
      "data": {
        "source": "DATA",
        "name": "data",
        "height": 2,
        "width": 2,
        "train_images": 200,
        "test_images": 50,
        "fingerprint": "a242b7e6ccc101a5",
        "test_fingerprint": "2bee05772480aab9",
        "binary": false
      },
      "model": {
        "kind": "variational autoencoder",
        "prior": "standard normal",
        "posterior": "diagonal Gaussian",
        "likelihood": "Bernoulli",
        "hidden": [2],
        "latent": 1,
        "activation": "tanh",
        "parameters": 32,
        "initialisation": "uniform in plus or minus 1 / sqrt(inputs)"
      },
      "training": {
        "epochs": 1,
        "batch_size": 20,
        "optimiser": "Adam",
        "learning_rate": 0.001,
        "epsilon": 1e-08,
        "gradient": "of the sum over a batch",
        "objective": "evidence lower bound",
        "precision": "fp32",
        "seed": "3"
      },
      "protocol": {
        "binarize": "none",
        "objective": "cross-entropy on grey levels (not a normalised density)",
        "samples": 1,
        "unit": "nats per image",
        "train": "means over the epoch while it runs",
        "test": "means over the whole test set after the epoch"
      }
    }

    """

  private static let metrics =
    #"{"epoch":1,"seconds":0.083,"#
    + #""train":{"elbo":-2.963350232252851,"reconstruction":2.8598369300365447,"#
    + #""kl":0.10351330221630634},"#
    + #""test":{"elbo":-2.9399746562168003,"reconstruction":2.844117994308472,"#
    + #""kl":0.09585666190832853}}"#

  private static let model = """
    UAMAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJhY3RpdmF0aW9uIjoidGFuaCIsImRhdGEiOiJkYXRhIiwiZWxibyI6IjAu\
    MS4wIiwiZm9ybWF0IjoicHQiLCJoZWlnaHQiOiIyIiwid2lkdGgiOiIyIn0sImVuY29kZXIuZmMxLndlaWdodCI6eyJk\
    dHlwZSI6IkYzMiIsInNoYXBlIjpbMiw0XSwiZGF0YV9vZmZzZXRzIjpbMCwzMl19LCJlbmNvZGVyLmZjMS5iaWFzIjp7\
    ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMzIsNDBdfSwiZW5jb2Rlci5mY19tdS53ZWln\
    aHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzEsMl0sImRhdGFfb2Zmc2V0cyI6WzQwLDQ4XX0sImVuY29kZXIuZmNf\
    bXUuYmlhcyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzQ4LDUyXX0sImVuY29kZXIu\
    ZmNfbG9ndmFyLndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMSwyXSwiZGF0YV9vZmZzZXRzIjpbNTIsNjBd\
    fSwiZW5jb2Rlci5mY19sb2d2YXIuYmlhcyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6\
    WzYwLDY0XX0sImRlY29kZXIuZmMxLndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwxXSwiZGF0YV9vZmZz\
    ZXRzIjpbNjQsNzJdfSwiZGVjb2Rlci5mYzEuYmlhcyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zm\
    c2V0cyI6WzcyLDgwXX0sImRlY29kZXIuZmMyLndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbNCwyXSwiZGF0\
    YV9vZmZzZXRzIjpbODAsMTEyXX0sImRlY29kZXIuZmMyLmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzRdLCJk\
    YXRhX29mZnNldHMiOlsxMTIsMTI4XX19ICAgINHXlL4YvkW+jsRZvquddD6n0Qi+qN7EvZvst75dO3Q+WKu1vc6RE77H\
    KPE9JJDjPhQs073jNBO/IEa/voxE2D1zRDo/iB2APv8HT78Jo1M/nt9GPkpIJ781F/q+Oj/evgFjFz8wMp++4sUPP04Y\
    lb71fxQ/U9iVvsyDc7y+odI+
    """

  private static let state = """
    8AoAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJiYXRjaCI6IjAiLCJlcG9jaCI6IjEiLCJzZWVuLmV4YW1wbGVzIjoiMjAw\
    Iiwic2Vlbi5rbC5iaXRzIjoiNDYyNjUyMDQ5ODU0ODI0NDQ4MCIsInNlZW4ucmVjb25zdHJ1Y3Rpb24uYml0cyI6IjQ2\
    NDgyNDIyOTQxNTE5NzA4MTYiLCJzdGVwcyI6IjEwIn0sInBhcmFtZXRlcnMuZW5jb2Rlci5mYzEud2VpZ2h0Ijp7ImR0\
    eXBlIjoiRjMyIiwic2hhcGUiOlsyLDRdLCJkYXRhX29mZnNldHMiOlswLDMyXX0sInBhcmFtZXRlcnMuZW5jb2Rlci5m\
    YzEuYmlhcyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzMyLDQwXX0sInBhcmFtZXRl\
    cnMuZW5jb2Rlci5mY19tdS53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzEsMl0sImRhdGFfb2Zmc2V0cyI6\
    WzQwLDQ4XX0sInBhcmFtZXRlcnMuZW5jb2Rlci5mY19tdS5iaWFzIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsxXSwi\
    ZGF0YV9vZmZzZXRzIjpbNDgsNTJdfSwicGFyYW1ldGVycy5lbmNvZGVyLmZjX2xvZ3Zhci53ZWlnaHQiOnsiZHR5cGUi\
    OiJGMzIiLCJzaGFwZSI6WzEsMl0sImRhdGFfb2Zmc2V0cyI6WzUyLDYwXX0sInBhcmFtZXRlcnMuZW5jb2Rlci5mY19s\
    b2d2YXIuYmlhcyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzYwLDY0XX0sInBhcmFt\
    ZXRlcnMuZGVjb2Rlci5mYzEud2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDFdLCJkYXRhX29mZnNldHMi\
    Ols2NCw3Ml19LCJwYXJhbWV0ZXJzLmRlY29kZXIuZmMxLmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzJdLCJk\
    YXRhX29mZnNldHMiOls3Miw4MF19LCJwYXJhbWV0ZXJzLmRlY29kZXIuZmMyLndlaWdodCI6eyJkdHlwZSI6IkYzMiIs\
    InNoYXBlIjpbNCwyXSwiZGF0YV9vZmZzZXRzIjpbODAsMTEyXX0sInBhcmFtZXRlcnMuZGVjb2Rlci5mYzIuYmlhcyI6\
    eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbNF0sImRhdGFfb2Zmc2V0cyI6WzExMiwxMjhdfSwiZmlyc3RfbW9tZW50LmVu\
    Y29kZXIuZmMxLndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiw0XSwiZGF0YV9vZmZzZXRzIjpbMTI4LDE2\
    MF19LCJmaXJzdF9tb21lbnQuZW5jb2Rlci5mYzEuYmlhcyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMl0sImRhdGFf\
    b2Zmc2V0cyI6WzE2MCwxNjhdfSwiZmlyc3RfbW9tZW50LmVuY29kZXIuZmNfbXUud2VpZ2h0Ijp7ImR0eXBlIjoiRjMy\
    Iiwic2hhcGUiOlsxLDJdLCJkYXRhX29mZnNldHMiOlsxNjgsMTc2XX0sImZpcnN0X21vbWVudC5lbmNvZGVyLmZjX211\
    LmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOlsxNzYsMTgwXX0sImZpcnN0X21v\
    bWVudC5lbmNvZGVyLmZjX2xvZ3Zhci53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzEsMl0sImRhdGFfb2Zm\
    c2V0cyI6WzE4MCwxODhdfSwiZmlyc3RfbW9tZW50LmVuY29kZXIuZmNfbG9ndmFyLmJpYXMiOnsiZHR5cGUiOiJGMzIi\
    LCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOlsxODgsMTkyXX0sImZpcnN0X21vbWVudC5kZWNvZGVyLmZjMS53ZWln\
    aHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsMV0sImRhdGFfb2Zmc2V0cyI6WzE5MiwyMDBdfSwiZmlyc3RfbW9t\
    ZW50LmRlY29kZXIuZmMxLmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlsyMDAs\
    MjA4XX0sImZpcnN0X21vbWVudC5kZWNvZGVyLmZjMi53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzQsMl0s\
    ImRhdGFfb2Zmc2V0cyI6WzIwOCwyNDBdfSwiZmlyc3RfbW9tZW50LmRlY29kZXIuZmMyLmJpYXMiOnsiZHR5cGUiOiJG\
    MzIiLCJzaGFwZSI6WzRdLCJkYXRhX29mZnNldHMiOlsyNDAsMjU2XX0sInNlY29uZF9tb21lbnQuZW5jb2Rlci5mYzEu\
    d2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDRdLCJkYXRhX29mZnNldHMiOlsyNTYsMjg4XX0sInNlY29u\
    ZF9tb21lbnQuZW5jb2Rlci5mYzEuYmlhcyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6\
    WzI4OCwyOTZdfSwic2Vjb25kX21vbWVudC5lbmNvZGVyLmZjX211LndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBl\
    IjpbMSwyXSwiZGF0YV9vZmZzZXRzIjpbMjk2LDMwNF19LCJzZWNvbmRfbW9tZW50LmVuY29kZXIuZmNfbXUuYmlhcyI6\
    eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzMwNCwzMDhdfSwic2Vjb25kX21vbWVudC5l\
    bmNvZGVyLmZjX2xvZ3Zhci53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzEsMl0sImRhdGFfb2Zmc2V0cyI6\
    WzMwOCwzMTZdfSwic2Vjb25kX21vbWVudC5lbmNvZGVyLmZjX2xvZ3Zhci5iaWFzIjp7ImR0eXBlIjoiRjMyIiwic2hh\
    cGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbMzE2LDMyMF19LCJzZWNvbmRfbW9tZW50LmRlY29kZXIuZmMxLndlaWdodCI6\
    eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwxXSwiZGF0YV9vZmZzZXRzIjpbMzIwLDMyOF19LCJzZWNvbmRfbW9tZW50\
    LmRlY29kZXIuZmMxLmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlszMjgsMzM2\
    XX0sInNlY29uZF9tb21lbnQuZGVjb2Rlci5mYzIud2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOls0LDJdLCJk\
    YXRhX29mZnNldHMiOlszMzYsMzY4XX0sInNlY29uZF9tb21lbnQuZGVjb2Rlci5mYzIuYmlhcyI6eyJkdHlwZSI6IkYz\
    MiIsInNoYXBlIjpbNF0sImRhdGFfb2Zmc2V0cyI6WzM2OCwzODRdfX0gICAgICAg0deUvhi+Rb6OxFm+q510PqfRCL6o\
    3sS9m+y3vl07dD5Yq7W9zpETvsco8T0kkOM+FCzTveM0E78gRr++jETYPXNEOj+IHYA+/wdPvwmjUz+e30Y+SkgnvzUX\
    +r46P96+AWMXPzAyn77ixQ8/ThiVvvV/FD9T2JW+zINzvL6h0j6O7I8/dHedP1e7lD9bJXs/GtmoP/sbsD+g4bI/YIWc\
    P0xKDUA7gCNAh5iXv1RxnL8Jwl5AtMinP6JKpT/3ZmvAwMkTvxu2BT/BPHW+YhUov0s0Xj4RueS9TlgBv4W3jT9qf6q/\
    +NVhP5WC7L57hcy9n19hvoTTxz8+L90/NMWBPWru+zzvKhc9b2sMPR7wwDxakDE9+jU+PWuwSz0BThc91hPxPSt9Iz6e\
    fRY9q4EgPc+hnD5+qS09lJIqPY3Dpj6k3EA8NqhLPJGe2ztNYTE8EHOlO9oUiTs7jPU7zLQWPevhPz3GB9k88fhePGnG\
    qzso6iQ8xA6OPWp/tD1jml88
    """
}

extension Workspace {
  /// Writes the run and its images.
  func writeEarlierRun() throws {
    try writeImages(height: 2, width: 2)
    for (name, bytes) in EarlierRun.files { try write(bytes, to: "run/\(name)") }
    try write(
      try text("run/run.json").replacing("DATA", with: self["data"]), to: "run/run.json")
  }
}
