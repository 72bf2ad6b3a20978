# HQQ: w = (codes - zero) * scale, both steps rounded in the type `type`. A weight is cut into groups that are the rows (axis
# 1) or the columns (axis 0) of a matrix; the matrix is cut into `planes` of rows, laid over each other in words, the first
# plane in the highest bits. Options: planes, bits, word (type of the words), rows (of the matrix), type.

def decode(self, parts: Dict[str, Tensor], options: Dict[str, int]) -> Tensor:
    words = torch.view_copy(parts["codes"], dtype=options["word"])
    bits = options["bits"]
    planes = options["planes"]
    codes = annotate(List[Tensor], [])
    for i in range(planes):
        codes.append(((words >> (bits * (planes - 1 - i))) & ((1 << bits) - 1)).to(options["type"]))
    x = torch.cat(codes)[:options["rows"]]
    w = (x - parts["zero"].to(options["type"])) * parts["scale"].to(options["type"])
    return w.reshape([int(parts["shape"][0]), int(parts["shape"][1])])
