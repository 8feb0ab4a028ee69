"""Each promise's guards: what in the template's text makes it hold. With the guard gone the promise must break, or it guards nothing.

A guard is (promise, combination, text that occurs once, what to put in its place); "A ... B" is from A to the first B after it.
"""

READ_PARENT = "                Action: secretsmanager:GetSecretValue\n"
CONTEXT = "kms:EncryptionContext:SecretARN: !If [MakesSecret, !Ref ParentSecret, !Ref ParentSecretArn]\n"

GUARDS = [
    ("mint_reads_one_secret_and_shares_tokens", "as it is", READ_PARENT,
     "                Action: [secretsmanager:GetSecretValue, secretsmanager:PutSecretValue]\n"),
    ("mint_reads_one_secret_and_shares_tokens", "existing secret", f"{READ_PARENT} ... \n",
     f"{READ_PARENT}                Resource: '*'\n"),
    ("mint_reads_one_secret_and_shares_tokens", "as it is", "Action: [dynamodb:GetItem, dynamodb:UpdateItem]",
     "Action: [dynamodb:GetItem, dynamodb:UpdateItem, dynamodb:Scan]"),
    ("mint_reads_one_secret_and_shares_tokens", "key", "Action: kms:Decrypt\n", "Action: [kms:Decrypt, kms:Encrypt]\n"),
    ("rotate_writes_the_managed_secrets_and_nothing_else", "as it is", "Sid: RotateTheParentToken ... Action:\n",
     "Sid: RotateTheParentToken\n                Effect: Allow\n                Action:\n                  - secretsmanager:DeleteSecret\n"),
    ("rotate_writes_the_managed_secrets_and_nothing_else", "further secrets", "Resource: !Ref FurtherSecretArns", "Resource: '*'"),
    ("rotate_writes_the_managed_secrets_and_nothing_else", "key", "Sid: OpenAndSealTheParentToken ... GenerateDataKey",
     "Sid: OpenAndSealTheParentToken\n                  Effect: Allow\n                  Action: [kms:Decrypt, kms:GenerateDataKey, kms:ReEncryptFrom"),
    ("rotate_cannot_touch_the_table", "as it is", "              - Sid: KeepWhatFailed\n",
     "              - {Effect: Allow, Action: 'dynamodb:GetItem', Resource: !GetAtt TokenTable.Arn}\n              - Sid: KeepWhatFailed\n"),
    ("schedule_invokes_the_rotator_alone", "as it is", 'Action: "lambda:InvokeFunction", Resource: !GetAtt RotateFunction.Arn',
     'Action: "lambda:InvokeFunction", Resource: "*"'),
    ("deployment_moves_one_alias", "as it is", 'Resource: [!GetAtt MintFunction.Arn, !Sub "${MintFunction.Arn}:live"]', 'Resource: "*"'),
    ("wildcards_are_these", "as it is", "Action: sqs:SendMessage\n                Resource: !GetAtt Undone.Arn",
     "Action: sqs:*\n                Resource: !GetAtt Undone.Arn"),
    ("wildcards_are_these", "as it is", "Resource: !GetAtt RotateLogs.Arn #", 'Resource: "*" #'),
    ("statements_have_no_inversions", "as it is", READ_PARENT, "                NotAction: iam:PassRole\n" + READ_PARENT),
    ("roles_are_these", "as it is", "      Role: !GetAtt MintRole.Arn\n", ""),
    ("roles_are_these", "as it is", "            RoleArn: !GetAtt ScheduleRole.Arn\n", ""),
    ("roles_are_these", "as it is", "        Role: !GetAtt DeploymentRole.Arn\n", ""),
    ("roles_are_these", "as it is", "      Description: What tokenmint's mint may do\n",
     "      ManagedPolicyArns: ['arn:aws:iam::aws:policy/SecretsManagerReadWrite']\n"),
    ("services_act_for_this_account_only", "as it is",
     "Principal: {Service: scheduler.amazonaws.com} ... {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}",
     "Principal: {Service: scheduler.amazonaws.com}\n            Action: sts:AssumeRole\n            Condition: {}"),
    ("services_act_for_this_account_only", "as it is", "Principal: {Service: codedeploy.amazonaws.com}", "Principal: {AWS: '*'}"),
    ("keys_open_the_secrets_alone", "key", "Sid: OpenTheParentToken ... !Sub secretsmanager.${AWS::Region}.amazonaws.com\n",
     "Sid: OpenTheParentToken\n                  Effect: Allow\n                  Action: kms:Decrypt\n                  Resource: !Ref KmsKeyArn\n"
     "                  Condition:\n                    StringEquals:\n"),
    ("keys_open_the_secrets_alone", "further secrets and key", "kms:EncryptionContext:SecretARN: !Ref FurtherSecretArns\n", "\n"),
    ("keys_open_the_secrets_alone", "key", f"Sid: OpenAndSealTheParentToken ... {CONTEXT}",
     "Sid: OpenAndSealTheParentToken\n                  Effect: Allow\n                  Action: [kms:Decrypt, kms:GenerateDataKey]\n"
     "                  Resource: !Ref KmsKeyArn\n                  Condition:\n                    StringEquals:\n"
     "                      kms:ViaService: !Sub secretsmanager.${AWS::Region}.amazonaws.com\n"),
    ("boundary_is_on_every_role", "boundary", "Description: What tokenmint's rotator may do\n      PermissionsBoundary: ... \n",
     "Description: What tokenmint's rotator may do\n"),
    ("functions_are_invoked_by_these", "native rotation", "      SourceAccount: !Ref AWS::AccountId\n", ""),
    ("functions_are_invoked_by_these", "as it is", "      AutoPublishAlias: live\n",
     "      AutoPublishAlias: live\n      FunctionUrlConfig: {AuthType: NONE}\n"),
    ("queue_takes_messages_from_these", "native rotation",
     "            Condition: {ArnEquals: {aws:SourceArn: !GetAtt NativeRotationFailed.Arn}}\n", ""),
    ("routes_ask_who_calls", "as it is", "          /tokens:\n            post: {security: [{caller: []}]}", "          /tokens:\n            post: {}"),
    ("routes_ask_who_calls", "jwt", "audience: !Split [\",\", !Ref JwtAudience]", "audience: []"),
    ("routes_ask_who_calls", "as it is", "                x-amazon-apigateway-authtype: awsSigv4\n", ""),
    ("routes_ask_who_calls", "as it is", 'Properties: {ApiId: !Ref Api, Method: POST, Path: "/tokens/v2/{username}"}',
     "Properties: {ApiId: !Ref Api, Method: ANY, Path: '/{proxy+}'}"),
    ("browsers_call_from_named_origins", "cors", "allowOrigins: !Ref AllowedOrigins", "allowOrigins: ['*']"),
    ("browsers_call_from_named_origins", "as it is", "x-amazon-apigateway-cors: !If ... !Ref AWS::NoValue\n",
     "x-amazon-apigateway-cors: {allowOrigins: ['*']}\n"),
    ("access_log_has_no_credentials", "as it is", "$context.path\"", "$context.path?$context.query\""),
    ("api_is_throttled", "as it is", "        ThrottlingBurstLimit: !Ref RequestsPerSecond\n", "        ThrottlingBurstLimit: 0\n"),
    ("secret_outlives_the_stack", "as it is", "    Condition: MakesSecret\n    DeletionPolicy: Retain", "    Condition: MakesSecret\n    DeletionPolicy: Delete"),
    ("secret_outlives_the_stack", "key", "      KmsKeyId: !If [HasKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n", ""),
    ("secret_outlives_the_stack", "existing secret", "    Condition: MakesSecret\n", ""),
    ("no_token_is_a_parameter", "as it is", "  ReserveRotator:\n    Type: String\n",
     "  ParentToken:\n    Type: String\n    Default: ''\n  ReserveRotator:\n    Type: String\n"),
    ("functions_know_where_all_is", "doubles", "        AWS_ENDPOINT_URL_DYNAMODB: !Ref DynamoDbEndpoint\n", "        AWS_ENDPOINT_URL_DYNAMODB: ''\n"),
    ("functions_know_where_all_is", "existing secret", "PARENT_SECRET_ID: !If [MakesSecret, !Ref ParentSecret, !Ref ParentSecretArn]",
     "PARENT_SECRET_ID: parent"),
    ("functions_know_where_all_is", "as it is", "    Runtime: provided.al2023\n", "    Runtime: provided.al2023\n    Tracing: Active\n"),
    ("functions_share_out_concurrency", "reserved", "!If [RotatorIsReserved, 1, !Ref AWS::NoValue]", "!If [RotatorIsReserved, 2, !Ref AWS::NoValue]"),
    ("functions_share_out_concurrency", "as it is", "MintIsReserved: !Not [!Equals [!Ref MintConcurrency, 0]]", "MintIsReserved: !Equals [!Ref MintConcurrency, 0]"),
    ("logs_end", "as it is", "  RotateLogs: ... RetentionInDays: !Ref LogRetentionDays\n",
     "  RotateLogs:\n    Type: AWS::Logs::LogGroup\n    Properties:\n"),
    ("logs_end", "as it is", "ApplicationLogLevel: DEBUG", "ApplicationLogLevel: WARN"),
    ("failed_rotations_are_kept", "as it is", "            DeadLetterConfig: {Arn: !GetAtt Undone.Arn}\n", ""),
    ("failed_rotations_are_kept", "as it is", "        DestinationConfig:\n          OnFailure: {Type: SQS, Destination: !GetAtt Undone.Arn}\n", ""),
    ("native_rotation_is_whole_or_absent", "as it is", "    Type: AWS::SecretsManager::RotationSchedule\n    Condition: RotatesNatively\n",
     "    Type: AWS::SecretsManager::RotationSchedule\n"),
    ("native_rotation_is_whole_or_absent", "native rotation", "RotateImmediatelyOnUpdate: false", "RotateImmediatelyOnUpdate: true"),
    ("table_is_a_cache", "as it is", "AttributeName: ttl, Enabled: true", "AttributeName: ttl, Enabled: false"),
    ("deployment_is_taken_back", "as it is", "Alarms: [!Ref MintFailures, !Ref MintCrashes]", "Alarms: [!Ref MintCrashes]"),
    ("domain_serves_the_api", "domain", "SecurityPolicy: TLS_1_2", "SecurityPolicy: TLS_1_0"),
    ("domain_serves_the_api", "as it is", "    Type: AWS::ApiGatewayV2::DomainName\n    Condition: HasDomain\n", "    Type: AWS::ApiGatewayV2::DomainName\n"),
    ("alarms_reach_somebody", "topic", "docs/operations.md#undonework\" ... AlarmActions: !If",
     "docs/operations.md#undonework\"\n      Namespace: AWS/SQS\n      TreatMissingData: notBreaching\n      AlarmActions: !If [HasTopic, [], []]\n      InsufficientDataActions: !If"),
    ("silence_of_the_rotation_rings", "as it is", "      TreatMissingData: breaching\n", "      TreatMissingData: notBreaching\n"),
    ("silence_of_the_rotation_rings", "topic", "EvaluationPeriods: !Ref RotationAlarmHours", "EvaluationPeriods: 3"),
    ("metrics_are_written_by_somebody", "as it is", "      MetricName: Succeeded\n", "      MetricName: Success\n"),
    ("metrics_are_written_by_somebody", "as it is", '["tokenmint", "Minted", "Stage"', '["tokenmint", "Mint", "Stage"'),
    ("metrics_are_written_by_somebody", "as it is", "      Namespace: !Sub tokenmint/${Stage}\n", "      Namespace: tokenmint\n"),
    ("all_is_tagged", "as it is", "    Tags: {application: tokenmint, stage: !Ref Stage}\n\nResources:", "\nResources:"),
    ("changed_parameters_reach_the_mint", "as it is", "VersionDescription: !Sub ${Stage} ", "VersionDescription: !Sub "),
    ("changed_parameters_reach_the_mint", "existing secret", " ${TokensApiUrl} ${ParentSecretArn}", " ${TokensApiUrl}"),
    ("changed_parameters_reach_the_mint", "as it is", "    MaxLength: 160\n", "    MaxLength: 200\n"),
    ("notes_tell_stacks_apart", "as it is", "        STACK: !Sub ${AWS::StackName}.${AWS::Region}.${AWS::AccountId}\n", "        STACK: !Ref AWS::StackName\n"),
    ("outputs_say_what_to_type", "as it is", "go run ./cmd/tokenmint bootstrap", "go run ./cmd/tokenmint bootstrap <<<sk.…"),
    ("outputs_say_what_to_type", "as it is", "SCHEDULE_NAME=${RotateFunctionHeartbeat}", "SCHEDULE_NAME=$(rm -r .)"),
    ("outputs_say_what_to_type", "as it is", '${!AWS_SESSION_TOKEN:+"-Hx-amz-security-token: $AWS_SESSION_TOKEN"}',
     '-H "x-amz-security-token: $AWS_SESSION_TOKEN"'),
    ("outputs_say_what_to_type", "jwt", 'Authorization: Bearer $JWT"', 'Authorization: $JWT"'),
]


def without(text, guard, instead):
    """The template with the guard, which must occur, replaced once."""
    start, _, end = guard.partition(" ... ")
    begin = text.index(start)
    stop = begin + len(start)
    if end:
        stop = text.index(end, stop) + len(end)
    elif text.count(start) != 1:
        raise ValueError(f"{start!r} occurs {text.count(start)} times")
    return text[:begin] + instead + text[stop:]
