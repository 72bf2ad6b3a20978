/** Approved figures kept beside the tests: what a model was when somebody looked at it and found it good. */
@NullMarked
package io.modelassay.baseline;

import org.jspecify.annotations.NullMarked;
