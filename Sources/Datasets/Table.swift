import Files
import Tensors

/// A table as text, a sample a line: columns of numbers to learn, columns to condition on, a column with the class.
enum Table {
  static func load(file path: String, options given: LoadingOptions) throws(DatasetError) -> Dataset {
    var options = given
    if options.columns.isEmpty { options.columns = options.knownColumns }
    guard options.kind != .images else {
      throw DatasetError(
        file: path, reason: "data.layout is images, but a line of a table is a vector or a sequence",
        remedy: "set data.layout to automatic, vectors or sequences; give images as folder:DIR or as an .npz [N, H, W]")
    }
    let form = try TableForm(try TableText(path: path, limits: options.limits))
    let roles = try TableRoles(form, options: options)
    let content = try TableContent(form, columns: roles.candidates, label: roles.label)
    let choice = try TableChoice(content, form, roles)
    let table = TableRows(content, form, roles, choice)
    let kept = try table.kept(dropping: options.dropsNonFinite)
    let columns = table.columns(choice.data, of: kept, keepsFlags: false)
    let conditions = table.columns(choice.conditions, of: kept, keepsFlags: true)
    let classes = try table.classes(of: kept, most: options.mostClasses ?? NumPyData.mostClasses)
    let isAutomatic = options.columns.isEmpty
    let isSequence = options.kind == .sequences
    let parts = [RowSelection.Part.training, .heldOut].map { part in
      let places = RowSelection(part: part, rows: kept.count)
      let order = (0..<places.count).map(places.row)
      let rows = order.map { kept[$0] }
      return ImageSet(
        imageShape: isSequence ? [1, columns.count, 1] : [1, 1, columns.count],
        bytes: table.samples(choice.data, of: rows, columns), format: .floats(.none),
        labels: order.map { classes.labels[$0] }[...],
        conditions: conditions.isEmpty
          ? nil
          : ConditionRows(width: conditions.count, values: table.values(choice.conditions, of: rows, conditions)[...]))
    }
    return Dataset(
      name: "csv", classNames: classes.names,
      layout: SampleLayout(kind: isSequence ? .sequences : .vectors, columns: columns, conditions: conditions),
      training: parts[0], test: parts[1],
      notes: form.text.notes + form.notes + choice.notes + table.notes(isAutomatic: isAutomatic)
        + ["one of every ten lines of \(path) is held out"],
      complaints: choice.complaints
        + table.complaints(ofLeft: kept, classes: classes.names.count, isAutomatic: isAutomatic))
  }
}
