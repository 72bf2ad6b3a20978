# Gradients of adapters that change a table or a weight before it is used; see gradients.py.

def embedding_gradients(self, x: Tensor, ids: Tensor, w: Dict[str, Tensor], gradient: Tensor) -> Dict[str, Tensor]:
    # x holds the rows of ids, gradient that of the same rows after the adapter.
    tensors, names, leaves = self.recorded(w)
    x = self.leaf(x)
    y = self.embedded(x, self.recordable(ids), tensors)
    return self.gradients(y, gradient.reshape(y.size()), x, names, leaves)

def weight_gradients(self, x: Tensor, w: Dict[str, Tensor], gradient: Tensor) -> Dict[str, Tensor]:
    # x is the base weight in float32.
    tensors, names, leaves = self.recorded(w)
    x = self.leaf(x)
    return self.gradients(self.merged(x, tensors), gradient.to(6), x, names, leaves)
