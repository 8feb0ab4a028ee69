# Where code and policy come from. parameters.tf has the parameters of the stack.

variable "name" {
  description = "Name of the stack"
  type        = string
  default     = "tokenmint"
}

variable "bucket" {
  description = "Existing bucket in the region of the stack. The module puts the code and the template there"
  type        = string
}

variable "key_prefix" {
  description = "What the keys of the objects begin with"
  type        = string
  default     = "tokenmint/"
}

variable "release" {
  description = "Folder with the files of a release: SHA256SUMS, the stack template and the zips of one processor"
  type        = string
}

variable "policy" {
  description = "Path of the policy: who may have what. The file must be named tokenmint.yaml"
  type        = string

  validation {
    condition     = basename(var.policy) == "tokenmint.yaml"
    error_message = "The functions read a file of the name tokenmint.yaml."
  }
}

variable "tags" {
  description = "Tags of the stack, which AWS copies to its resources"
  type        = map(string)
  default     = {}
}
