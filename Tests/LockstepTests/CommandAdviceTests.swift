import Foundation
import Testing

extension LockstepTests {
  /// What a new user types, in the words of other programs.
  @Suite struct CommandAdviceTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The one line that a wrong command line gets.
    private func advice(_ words: String) throws -> String {
      let run = try Run(words.split(separator: " ").map(String.init), in: scratch)
      #expect(run.status == 64 && run.errorLines.count == 1 && run.output == "", "\(words): \(run.errors)")
      return run.errors
    }

    @Test(
      "a word that is no command is told what is meant",
      arguments: [
        ("trian", "there is no command trian; did you mean lockstep train?"),
        ("trian --recipe mnist", "did you mean lockstep train --recipe mnist?"),
        ("smaple runs/a", "did you mean lockstep sample runs/a?"), ("fit", "did you mean lockstep train?"),
        ("generate", "did you mean lockstep sample?"), ("version", "did you mean lockstep --version?"),
        ("digits", "did you mean lockstep train --recipe digits?"),
        ("mnist --seed 3", "did you mean lockstep train --recipe mnist --seed 3?"),
        ("--recipe digits", "the command comes first: lockstep train --recipe digits"),
        ("--recipe digits profile", "the command comes first: lockstep profile --recipe digits"),
        ("mine.yaml", "did you mean lockstep train --recipe mine.yaml?"),
        ("images", "did you mean lockstep train --data folder:images?"),
        ("qwertyuiop", "there is no command qwertyuiop; there are train, sample, "),
        ("data chek x", "unexpected argument 'chek'; did you mean lockstep data check? (see `lockstep data --help`)"),
        ("train digits", "unexpected argument 'digits'; did you mean --recipe digits?"),
        ("train images", "unexpected argument 'images'; did you mean --data folder:images?"),
        ("train mine.yaml", "unexpected argument 'mine.yaml'; did you mean --recipe mine.yaml?"),
        ("train seed=3", "did you mean --set seed=3?"),
        ("train —recipe digits", "its dash is no hyphen; write --recipe"),
        ("train runs/a", "unexpected argument 'runs/a'; did you mean --resume runs/a?"),
        ("sample --output x.png", "name a run directory, such as runs/a"),
      ])
    func commands(words: String, text: String) throws {
      try scratch.write("seed: 1\n".utf8, to: "mine.yaml")
      try scratch.write([1], to: "images/cat/1.png")
      try scratch.write([1], to: "runs/a/checkpoints/x")
      let message = try advice(words)
      #expect(message.contains(text), "\(message)")
    }

    /// Command, option and value; what is to be written instead.
    static let options = [
      ("train", "--batch-size 128", "--set training.batchSize=128"),
      ("train", "--batch_size=32", "--set training.batchSize=32"),
      ("train", "-b 16", "--set training.batchSize=16"), ("train", "--bs 16", "--set training.batchSize=16"),
      (
        "train", "--lr 0.001",
        "--set training.generatorLearningRate=0.001 --set training.discriminatorLearningRate=0.001"
      ),
      ("train", "-lr 1e-3", "--set training.generatorLearningRate=1e-3 --set training.discriminatorLearningRate=1e-3"),
      (
        "train", "--learning-rate 1",
        "--set training.generatorLearningRate=1 --set training.discriminatorLearningRate=1"
      ),
      ("train", "--lr_d 1e-4", "--set training.discriminatorLearningRate=1e-4"),
      ("train", "--dataset photos", "--data photos"), ("train", "--data-dir photos", "--data photos"),
      ("train", "--data_path=photos", "--data photos"), ("plan", "--dataroot x", "--data x"),
      ("train", "--out runs/a", "--output runs/a"), ("train", "--outdir runs/a", "--output runs/a"),
      ("train", "--output_dir runs/a", "--output runs/a"), ("train", "-o runs/a", "--output runs/a"),
      ("train", "--logdir runs/a", "--output runs/a"), ("train", "--name mine", "--output runs/mine"),
      ("train", "--steps 500", "--iterations 500"), ("train", "--max-steps 500", "--iterations 500"),
      ("train", "--max_iter 500", "--iterations 500"), ("profile", "--steps 5", "--iterations 5"),
      ("train", "--config mine.yaml", "--recipe mine.yaml"), ("train", "--checkpoint runs/a", "--resume runs/a"),
      ("train", "--ckpt runs/a", "--resume runs/a"), ("train", "--load runs/a", "--resume runs/a"),
      ("sample", "--num-samples 40", "--count 40"), ("sample", "-n 40", "--count 40"),
      ("sample", "--trunc 0.7", "--truncation 0.7"), ("sample", "--class 3", "--classes 3"),
      ("evaluate", "--num_samples 40", "--samples 40"), ("evaluate", "--n_samples 40", "--samples 40"),
      ("train", "--mirror", "--set data.flip=true"), ("train", "--hflip=1", "--set data.flip=true"),
      ("train", "--snap 10", "--set checkpoint.every=10"), ("train", "--save-every 10", "--set checkpoint.every=10"),
      ("train", "--seeds 3", "--seed 3"), ("train", "--image-size 64", "--set data.height=64 --set data.width=64"),
      ("train", "--resolution 64x48", "--set data.height=64 --set data.width=48"),
      ("train", "--img_size 64", "--set data.height=64 --set data.width=64"),
      ("train", "--z_dim 32", "--set model.noiseSize=32"),
      ("train", "--n-critic 5", "--set training.discriminatorSteps=5"),
      ("train", "--gamma 10", "--set training.r1Weight=10"),
      ("train", "--help-all", "--help"), ("train", "--skipUnreadable", "--skip-unreadable"),
      ("train", "--time_limit 5", "--time-limit"), ("profile", "--batch_sizes 5", "--batch-sizes"),
      ("train", "--iteratoins 5", "--iterations"), ("train", "--noiseSize 5", "--set model.noiseSize=5"),
    ]

    @Test("an option of another program is answered with the one here, which exists", arguments: options)
    func option(command: String, option: String, meant: String) throws {
      let message = try advice("\(command) \(option)")
      let name = option.split { " =".contains($0) }[0]
      #expect(message.contains("unknown option '\(name)': did you mean \(meant)?"), "\(message)")
      #expect(message.hasSuffix("(see `lockstep \(command) --help`)\n"))
      let words = meant.split(separator: " ")
      let help = try Run(command, "--help", in: scratch).output
      let keys = try Run("recipes", "digits", "--keys", in: scratch).output.split(separator: "\n")
      for word in words where word.hasPrefix("--") { #expect(help.contains("\(word) ") || word == "--help", "\(word)") }
      for word in words where word.contains("=") {
        let key = word.prefix { $0 != "=" }
        #expect(keys.contains { $0.hasPrefix("\(key) ") }, "\(key)")
      }
    }

    @Test("epochs are counted in iterations, by the data where their number is known")
    func epochs() throws {
      #expect(
        try advice("train --epochs 5").contains(
          "'--epochs': count iterations: 1,500 training samples in batches of 64 make 24 an epoch: --iterations 120 (see"
        ))
      #expect(
        try advice("train --recipe cifar10 --set training.batchSize=128 --epochs=100").contains(
          "50,000 training samples in batches of 128 make 391 an epoch: --iterations 39100"))
      #expect(
        try advice("train --num_epochs 5 --data folder:x").contains(
          "`lockstep data check` counts, over training.batchSize=64"))
      #expect(try advice("train --kimg 25").contains("each shows training.batchSize=64 images: --iterations 391"))
    }

    @Test(
      "what there is not is said, with what there is",
      arguments: [
        ("train --gpus 2", "lockstep runs on CPUs: --threads T"), ("train --device cuda", "lockstep runs on CPUs"),
        ("train --num-workers 4", "data are in memory and take no workers"),
        ("sample r --cuda", "lockstep runs on CPUs"),
        ("train --nproc 4", "told to the launcher: cluster/run.sh -n N"),
        ("train --dropout 0.5", "no layer drops units"),
        ("train --optimizer sgd", "it is Adam; training.beta1"), ("train --cond 1", "models are conditional"),
        ("train --overwrite", "remove its directory, or name another --output"),
        ("train --fp16", "numbers are float32"),
        ("train --wandb", "tensorboard --logdir runs"), ("train --count 5", "it is an option of lockstep sample"),
        ("data check --data x.npz", "name the data by themselves, behind the command"),
        ("sample --checkpoint runs/a", "name the run or the checkpoint by itself, behind the command"),
      ])
    func nothing(words: String, text: String) throws {
      let message = try advice(words)
      #expect(message.contains(text), "\(message)")
    }

    @Test("numbers below 0 are values, and ~ behind = is the home directory")
    func values() throws {
      #expect(try advice("sample x --output x.png --count -5").contains("--count -5: must be from 1 to 1,000,000,000"))
      #expect(try advice("train --iterations -3").contains("--iterations -3: must be at least 1"))
      #expect(try advice("sample x --output x.png --truncation -.5").contains("--truncation -0.5: must be from "))
      let run = try Run(
        "train", "--recipe", "digits-dense", "--iterations", "1", "--output=~/run", "--set",
        "evaluation.classifierIterations=0", in: scratch, adding: ["HOME": scratch / "home"])
      #expect(run.status == 0 && exists(scratch / "home/run/recipe.yaml") && !exists(scratch / "~"), "\(run.errors)")
    }

    @Test(
      "a run that is not there is answered with those that are", arguments: ["sample", "evaluate", "inspect", "train"])
    func runs(command: String) throws {
      try scratch.write([1], to: "runs/first/checkpoints/x")
      try scratch.write([1], to: "runs/second/checkpoints/x")
      for (path, text) in [
        ("runs/frist", "did you mean runs/first?"), ("second", "did you mean runs/second?"),
        ("runs/other", "there is runs/first, runs/second"),
      ] {
        let options = ["sample": ["--output", "x.png"]][command] ?? []
        let run = try Run([command] + (command == "train" ? ["--resume", path] : [path]) + options, in: scratch)
        #expect(run.status == 66 && run.errors == "lockstep: \(path): there is no such run or checkpoint; \(text)\n")
      }
    }
  }
}
