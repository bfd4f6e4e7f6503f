import Layers
import Models
import Optimization

/// Everything that defines a run, but not where and on how many ranks it happens.
///
/// Fully defaulted: the defaults are the recipe `dense-reference`.
public struct Recipe: Sendable {
  public enum ModelKind: String, Sendable, CaseIterable, RecipeValue {
    case denseAttention = "dense-attention"
    case sagan
  }
  /// What networks are told: one of several classes, quantities, or both; automatic: what the data have.
  public enum ConditionKind: String, Sendable, CaseIterable, RecipeValue {
    case automatic, classes, continuous, mixed
  }
  /// What samples are; automatic: what the shape of the data says.
  public enum DataLayout: String, Sendable, CaseIterable, RecipeValue { case automatic, images, sequences, vectors }

  /// Version of the keys; a program reads its own and older ones.
  public static let currentVersion = 1

  public var version = Recipe.currentVersion
  public var name = "dense-reference"
  public var seed = 1
  public var data = Data()
  public var model = Model()
  public var norm = Norm()
  public var training = Training()
  public var health = Health()
  public var evaluation = Evaluation()
  public var checkpoint = Checkpoint()
  public var log = Log()

  public struct Data: Sendable {
    public var source = "digits"
    public var height: Int?
    public var width: Int?
    public var crop = true
    public var channels: Int?
    public var flip = false
    public var orient = true
    public var skipUnreadable = false
    public var layout = DataLayout.automatic
    public var range: [Double] = []
    public var label: String?
    public var conditions: [String] = []
    public var columns: [String] = []
    public var dropNonFinite = false
    public var mostUnpackedGB = 1.0
  }

  public struct Model: Sendable {
    public var kind = ModelKind.denseAttention
    public var noiseSize = 100
    public var conditionKind = ConditionKind.automatic
    public var conditionSize: Int?
    public var generator = DenseTower(
      hiddenBefore: [128], hiddenAfter: [], tokens: 8, activation: .prelu, attention: attention(.softmax))
    public var discriminator = DenseTower(
      hiddenBefore: [128], hiddenAfter: [256], tokens: 8, activation: .leakyRelu, attention: attention(.sigmoid))

    public var saganGenerator = SAGANGenerator()
    public var saganDiscriminator = SAGANDiscriminator()
    public var initialization = WeightInitialization.orthogonal
    public var powerIterations = 1

    private static func attention(_ activation: ScoreActivation) -> AttentionOptions {
      var options = AttentionOptions()
      options.activation = activation
      return options
    }
  }

  public struct Norm: Sendable {
    public var statistics = NormStatistics.global
  }

  public struct Training: Sendable {
    public var batchSize = 64
    public var iterations = 20_000
    public var discriminatorSteps = 1
    public var loss = AdversarialLoss.binaryCrossEntropy
    public var mismatchedLabelWeight = 0.0
    public var r1Weight = 0.0
    public var r1Form = GradientPenaltyForm.exact
    public var r1Step = 0.01
    public var r2Weight = 0.0
    public var gradientPenaltyWeight = 0.0
    public var generatorLearningRate = 2e-4
    public var discriminatorLearningRate = 2e-4
    public var learningRateDecay = LearningRateDecay.none
    public var learningRateDecayStart = 0.0
    public var learningRateEnd = 0.0
    public var learningRateIterations: Int?
    public var beta1 = 0.5
    public var beta2 = 0.999
    public var epsilon = 1e-7
    public var weightDecay = 0.0
    public var averageDecay: Double?
  }

  public struct Health: Sendable {
    public var nonFinite = HealthAction.rollBack
    public var gradientNorm = HealthAction.warn
    public var gradientNormDeviations = 10.0
    public var saturation = HealthAction.warn
    public var saturationAccuracy = 0.995
    public var collapse = EvaluationAction.warn
    public var collapseSpread = 0.1
    public var window = 200
    public var rollBackFactor = 0.5
    public var mostRollBacks = 3
    public var digestEvery = 100
  }

  public struct Evaluation: Sendable {
    public var every = 500
    public var samples = 256
    public var gridColumns = 10
    public var classifierIterations = 400
  }

  public struct Checkpoint: Sendable {
    public var every = 500
    public var everySeconds = 600.0
    public var keep = 3
    public var keepEvery = 0
    public var keepBest = BestMetric.none
  }

  /// What makes a checkpoint the best one.
  public enum BestMetric: String, Sendable, CaseIterable, RecipeValue {
    case none, recognised, spread, frechet, kernel, coverage
  }

  public struct Log: Sendable {
    public var everySeconds = 1.0
  }

  public init() {}
}
