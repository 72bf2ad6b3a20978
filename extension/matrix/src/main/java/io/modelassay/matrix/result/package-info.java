/** What the cells of a library matrix gave, how they compare, and the documents that say so. Knows nothing of execution. */
@NullMarked
package io.modelassay.matrix.result;

import org.jspecify.annotations.NullMarked;
