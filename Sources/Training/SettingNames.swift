/// What other programs call the keys of a recipe, and what they set that is no key here.
enum SettingNames {
  enum Meaning: Equatable {
    /// All of them are meant; keys of the other family of networks are left out where they are no keys.
    case keys([String])
    /// Why there is no such key, and what there is.
    case advice(String)
  }

  /// A word without capitals, hyphens and underscores.
  static func normalized(_ word: some StringProtocol) -> String {
    word.lowercased().filter { $0 != "_" && $0 != "-" }
  }

  /// - Parameter word: `normalized`.
  static func meaning(of word: String) -> Meaning? { table[word] }

  static let table: [String: Meaning] = {
    var table: [String: Meaning] = [:]
    for (names, keys) in keys {
      for name in names.split(separator: " ") {
        table[String(name)] = .keys(keys.split(separator: " ").map(String.init))
      }
    }
    for (names, text) in advice { for name in names.split(separator: " ") { table[String(name)] = .advice(text) } }
    return table
  }()

  /// Names, and the keys that they mean.
  private static let keys: [(names: String, keys: String)] = [
    (
      "lr learningrate learningrates rate lrate stepsize alpha baselr initiallr initlr",
      "training.generatorLearningRate training.discriminatorLearningRate"
    ),
    ("lrg glr generatorlr genlr lrgen lrgenerator glearningrate", "training.generatorLearningRate"),
    (
      "lrd dlr discriminatorlr disclr lrdisc lrdiscriminator criticlr lrcritic dlearningrate",
      "training.discriminatorLearningRate"
    ),
    (
      "batch b bs batchsz batches minibatch minibatchsize globalbatch globalbatchsize trainbatchsize batchgpu batchpergpu "
        + "perdevicebatchsize localbatchsize",
      "training.batchSize"
    ),
    (
      "steps step maxsteps totalsteps numsteps trainsteps iters iter niter niters niterations numiterations numiters maxiter "
        + "maxiters maxiterations totaliterations",
      "training.iterations"
    ),
    (
      "ncritic criticsteps criticiters criticiterations dsteps numdsteps ndsteps discsteps ndis diters dupdates "
        + "discriminatoriterations",
      "training.discriminatorSteps"
    ),
    (
      "zdim zsize dimz nz latent latents latentdim latentsize nlatent latentspace noise noisedim noiselength codedim "
        + "noisevector",
      "model.noiseSize"
    ),
    ("numclasses nclasses nclass classes classcount numlabels nlabels cdim ydim", "model.condition.size"),
    ("cond conditional conditioning conditiontype", "model.condition.kind"),
    ("modelkind modeltype modelname arch architecture network networktype backbone", "model.kind"),
    ("imgsize imagesize imsize resolution res imageresolution imageside inputsize", "data.height data.width"),
    ("imageheight imgheight", "data.height"), ("imagewidth imgwidth", "data.width"),
    ("nc imgchannels imagechannels inchannels colorchannels grayscale greyscale rgb color colour", "data.channels"),
    ("ema emadecay emabeta emarate useema gema generatorema averaging movingaverage polyak", "training.averageDecay"),
    ("adambeta1 b1 momentum", "training.beta1"), ("adambeta2 b2", "training.beta2"),
    ("betas adambetas", "training.beta1 training.beta2"), ("eps adameps adamepsilon", "training.epsilon"),
    ("wd l2 l2reg", "training.weightDecay"),
    (
      "gp gpweight gplambda lambdagp lambda gradientpenalty gradpenalty wgangp gradientpenaltyweight",
      "training.gradientPenaltyWeight"
    ),
    ("r1 gamma r1gamma r1reg r1penalty r1lambda lambdar1", "training.r1Weight"),
    ("r2 r2gamma r2reg r2penalty lambdar2", "training.r2Weight"),
    ("loss losstype lossfunction ganmode gantype ganloss adversarialloss objective criterion", "training.loss"),
    ("scheduler lrscheduler lrschedule lrdecay lrpolicy schedule", "training.learningRateDecay"),
    (
      "hidden hiddensize hiddendim hiddenunits hiddenlayers layers mlp",
      "model.generator.hiddenBefore model.discriminator.hiddenBefore model.generator.channels model.discriminator.channels"
    ),
    ("ngf gch gchannels gconvdim genchannels", "model.generator.channels model.generator.hiddenBefore"),
    ("ndf dch dchannels dconvdim discchannels", "model.discriminator.channels model.discriminator.hiddenBefore"),
    (
      "ch nf filters nfilters channelmultiplier channelbase channelmax fmapbase fmapmax",
      "model.generator.channels model.discriminator.channels"
    ),
    (
      "attn attention selfattention useattention attentionlayers attnresolutions attentionresolutions",
      "model.generator.attentionAt model.discriminator.attentionAt model.generator.attention.type "
        + "model.discriminator.attention.type"
    ),
    (
      "sn spectral spectralnormalization usespectralnorm usesn",
      "model.generator.spectralNorm model.discriminator.spectralNorm"
    ),
    (
      "bn batchnorm usebn normalization normtype normlayer", "model.generator.norm model.discriminator.norm"
    ),
    ("syncbn syncbatchnorm crossreplicabn", "norm.statistics"),
    ("init inittype weightinit initializer initialiser", "model.initialization"),
    (
      "mirror xflip hflip horizontalflip randomflip randomhorizontalflip fliphorizontal augment augmentation aug",
      "data.flip"
    ),
    (
      "dataset datasets datadir datapath dataroot datasetdir datasetpath datasetname traindata traindir trainpath inputdir",
      "data.source"
    ),
    ("centercrop randomcrop cropping", "data.crop"), ("pixelrange normalize inputrange", "data.range"),
    ("labelcolumn labelcol classcolumn classcol target targetcolumn targetcol ycol", "data.label"),
    ("features featurecolumns xcols", "data.columns"), ("conditioncolumns condcols covariates", "data.conditions"),
    ("skipcorrupt skipbad ignoreerrors", "data.skipUnreadable"), ("dropna dropnan", "data.dropNonFinite"),
    (
      "snap snapshot snapshotticks networksnapshotticks save saveevery saveinterval savefreq savesteps saveiter "
        + "checkpointevery checkpointinterval checkpointfreq checkpointsteps ckptevery ckptinterval modelsaveinterval",
      "checkpoint.every"
    ),
    ("maxtokeep savetotallimit keepcheckpoints numcheckpoints", "checkpoint.keep"),
    (
      "evalevery evalinterval evalfreq evalsteps sampleevery sampleinterval samplefreq validationinterval testinterval",
      "evaluation.every"
    ),
    ("evalsamples nsamples numsamples numfidsamples fidsamples", "evaluation.samples"),
    ("logevery loginterval logfreq logsteps printevery printfreq printinterval", "log.everySeconds"),
    ("randomseed manualseed rngseed seeds", "seed"), ("experiment experimentname expname runname", "name"),
  ]

  /// Names of what is no key.
  private static let advice: [(names: String, text: String)] = [
    (
      "epochs epoch nepochs nepoch numepochs maxepochs",
      "count training.iterations; an epoch is the training samples divided by training.batchSize"
    ),
    (
      "kimg totalkimg nimg totalimages",
      "count training.iterations; each shows training.batchSize images"
    ),
    (
      "optimizer optimiser optim opt",
      "it is Adam; training.beta1, training.beta2, training.epsilon and training.weightDecay set it"
    ),
    (
      "dropout droprate dropoutrate dropoutp",
      "no layer drops units; training.weightDecay and training.r1Weight hold back"
    ),
    (
      "heads nheads numheads attentionheads headdim",
      "attention has one head; `lockstep recipes --keys` has what else it can be"
    ),
    (
      "warmup warmupsteps warmupiterations lrwarmup",
      "learning rates start in full; training.learningRateDecay lowers them"
    ),
    (
      "gradclip clip clipgrad clipgradnorm maxgradnorm gradientclipping weightclipping clipvalue clipweights",
      "gradients are not clipped; health.gradientNorm says what happens to unusual ones"
    ),
    ("labelsmoothing smoothing smooth", "labels are not smoothed; training.r1Weight calms the discriminator"),
    (
      "workers nworkers numworkers dataworkers loaderworkers dataloaderworkers prefetch numthreads threads nthreads",
      "data are in memory and take no workers; --threads T and `cluster/run.sh -n N` share the work"
    ),
    (
      "gpu gpus ngpu ngpus numgpus device devices cuda nocuda usecuda accelerator gpuids",
      "it runs on CPUs; --threads T and `cluster/run.sh -n N` share the work"
    ),
    (
      "fp16 bf16 amp half halfprecision mixedprecision precision dtype tf32 usefp16",
      "numbers are float32"
    ),
    (
      "earlystopping earlystop patience",
      "a run goes on to its last iteration; checkpoint.keepBest keeps the best one on the way"
    ),
  ]
}
