/// What options of other programs are called here.
enum OptionNames {
  /// `{X}` in an advice stands for what the user gave; where nothing was given, X stays.
  struct Row {
    let names: String
    /// Command names, `*` for all others; nothing where the row does not apply.
    let advice: [String: String]

    init(_ names: String, _ advice: [String: String]) { (self.names, self.advice) = (names, advice) }
  }

  /// - Parameters:
  ///   - name: without hyphens and underscores, in small letters.
  ///   - command: `train`, `data check`.
  static func advice(for name: String, in command: String, value: String?) -> String? {
    for row in rows where row.names.split(separator: " ").contains(where: { $0 == name }) {
      guard let text = row.advice[command] ?? row.advice["*"] else { continue }
      return filled(text, value)
    }
    return nil
  }

  private static func filled(_ text: String, _ value: String?) -> String {
    guard let open = text.firstIndex(of: "{"), let close = text.firstIndex(of: "}") else { return text }
    let name = String(text[text.index(after: open)..<close])
    // `1-3` is no number.
    let isUsable = !["N", "K", "X"].contains(name) || value.flatMap(Double.init) != nil
    return text[..<open] + (isUsable ? value ?? name : name) + text[text.index(after: close)...]
  }

  private static let cores =
    "leave it out; lockstep runs on CPUs: --threads T shares the work of a process, `cluster/run.sh -n N` starts N of them"
  private static let run = "name the run or the checkpoint by itself, behind the command"

  static let rows: [Row] = [
    Row(
      "out o outdir outputdir outputpath outfile outputfile save savedir savepath saveto logdir logs workdir workspace rundir "
        + "resultsdir resultdir resultdirectory results checkpointdir modeldir d dir",
      ["*": "did you mean --output {PATH}?"]),
    Row("name runname exp expname experiment experimentname", ["train": "did you mean --output runs/{NAME}?"]),
    Row(
      "steps step maxsteps iters iter niter niters numiters niterations numiterations maxiter maxiters maxiterations numsteps "
        + "trainsteps totalsteps totaliterations",
      ["train": "did you mean --iterations {N}?", "profile": "did you mean --iterations {K}?"]),
    Row(
      "data dataset datasets datadir datapath dataroot datasource input inputdir traindir traindata trainpath datasetpath datasetdir "
        + "imagedir images",
      [
        "data check": "name the data by themselves, behind the command", "sample": run, "inspect": run,
        "data pack": "name the data by themselves, behind the command", "*": "did you mean --data {KIND:PATH}?",
      ]),
    Row("config cfg conf configfile yaml preset recipefile c", ["sample": run, "*": "did you mean --recipe {FILE}?"]),
    Row(
      "checkpoint checkpointpath ckpt ckptpath load loadfrom restore restorefrom resumefrom weights pretrained network pkl "
        + "continue cont model modelpath modelfile run",
      [
        "train": "did you mean --resume {RUN}?", "sample": run, "evaluate": run, "inspect": run, "export": run,
        "report": run,
      ]),
    Row(
      "numsamples nsamples numimages nimages samples n num number howmany",
      [
        "sample": "did you mean --count {N}?", "evaluate": "did you mean --samples {N}?",
        "train":
          "did you mean --set evaluation.samples={N}? How many processes train is told to the launcher: cluster/run.sh -n N",
        "*": "how many processes run is told to the launcher: cluster/run.sh -n {N}",
      ]),
    Row("count", ["evaluate": "did you mean --samples {N}?"]),
    Row(
      "batchsize b batch bs",
      ["sample": "leave it out; how many are drawn at once changes nothing", "evaluate": "leave it out"]),
    Row(
      "seeds randomseed manualseed",
      [
        "sample": "did you mean --seed {N}? One seed draws a whole series of --count samples",
        "*": "did you mean --seed {N}?",
      ]),
    Row("trunc psi truncationpsi", ["sample": "did you mean --truncation {X}?"]),
    Row(
      "cond conditional classconditional",
      [
        "train":
          "leave it out; models are conditional, on the classes that the data have or as --set model.condition.kind= says"
      ]),
    Row("class classidx cls label labels y cond", ["sample": "did you mean --classes {0,3,…}?"]),
    Row("label y target", ["*": "did you mean --set data.label={COLUMN}?"]),
    Row(
      "gpu gpus ngpu ngpus numgpus gpuid gpuids device devices cuda nocuda usecuda cpu accelerator multigpu distributed ddp tpu",
      ["*": cores]),
    Row(
      "workers numworkers nworkers dataworkers dataloadernumworkers nthreads numthreads j jobs cores ncores",
      [
        "*":
          "leave it out; data are in memory and take no workers: --threads T shares the work of a process, `cluster/run.sh -n N` starts N of them"
      ]),
    Row(
      "np nproc nprocs nprocpernode nprocspernode worldsize ranks processes nnodes numnodes hostfile hosts localrank rank",
      [
        "*":
          "how many processes run, and where, is told to the launcher: cluster/run.sh -n N --hostfile nodes.txt -- COMMAND"
      ]),
    Row(
      "v verbose debug quiet q silent loglevel", ["*": "leave it out; messages are few, and metrics.jsonl has the rest"]
    ),
    Row(
      "helpall fullhelp usage helpfull",
      ["*": "did you mean --help? `lockstep recipes --keys` explains all keys of a recipe"]),
    Row("keys listkeys helpkeys options", ["*": "did you mean `lockstep recipes --keys`?"]),
    Row("version", ["*": "did you mean `lockstep --version`?"]),
    Row(
      "wandb usewandb tensorboard tb tensorboarddir",
      ["*": "leave it out; the run directory holds TensorBoard's files: tensorboard --logdir runs"]),
    Row(
      "force f overwrite overwriteoutput existok",
      ["train": "leave it out; a run is never written over: remove its directory, or name another --output"]),
    Row(
      "maxtime walltime timeout time maxduration", ["train": "did you mean --time-limit {SECONDS}?"]),
    Row("format fmt type", ["sample": "leave it out; the end of --output's name says it: .png, .npz, .npy, .csv"]),
    Row("dryrun", ["train": "try --iterations 1; `lockstep data check DATA` looks at data, `lockstep plan` at costs"]),
    Row(
      "metrics fid metric",
      ["evaluate": "leave it out; all measures are taken", "train": "leave it out; each evaluation takes all measures"]),
    Row("skipcorrupt ignoreerrors skipbad", ["*": "did you mean --skip-unreadable?"]),
    Row("dropna dropnan", ["*": "did you mean --drop-nonfinite?"]),
  ]
}
